-- One row per group and measure (`place`, in the order of the schema): what `summary` says of the ended ones, and what
-- intervals and shares need. NULL: nothing ended.
-- Powers are of logarithms, and of minutes as parts of the longest, in fixed point: sums of integers, the same on any
-- number of threads.
-- `near`: the microseconds around the median and around the P90, in no order. `under` are less than these; up to rank
-- `until` they are those of the median, after rank `below` those of the P90. Every rank that is asked for is among them,
-- and nothing else need be sorted.
WITH kept AS MATERIALIZED (
    -- A number groups and joins faster than the columns, and names empty ones too.
    SELECT COLUMNS($by), hash(row(*COLUMNS($by))) AS key, whole, COLUMNS('^us_'), COLUMNS('^still_open_') FROM measures
),
logs AS (
    SELECT *, CASE WHEN COLUMNS('^us_(.*)') > 0 THEN ln(COLUMNS('^us_(.*)') / 6e7) END AS 'log_\1' FROM kept
),
points AS (
    SELECT *,
        CAST(COLUMNS('^log_(.*)') * 1e8 AS BIGINT) AS 'fine_\1',
        CAST(COLUMNS('^log_(.*)') * COLUMNS('^log_(.*)') * COLUMNS('^log_(.*)') * 1e12 AS BIGINT) AS 'third_\1',
        CAST(COLUMNS('^log_(.*)') * COLUMNS('^log_(.*)') * COLUMNS('^log_(.*)') * COLUMNS('^log_(.*)') * 1e12 AS BIGINT) AS 'fourth_\1'
    FROM logs
),
sums AS (
    SELECT
        key,
        any_value(COLUMNS($by)),
        count(COLUMNS('^us_(.*)')) AS 'n_\1',
        count_if(COLUMNS('^still_open_(.*)')) AS 'open_\1',
        sum(COLUMNS('^us_(.*)')) AS 'sum_\1',
        max(COLUMNS('^us_(.*)')) AS 'max_\1',
        count(COLUMNS('^fine_(.*)')) AS 'positive_\1',
        sum(COLUMNS('^fine_(.*)')) / 1e8 AS 'log1_\1',
        sum(COLUMNS('^fine_(.*)') * COLUMNS('^fine_(.*)')) / 1e16 AS 'log2_\1',
        sum(COLUMNS('^third_(.*)')) / 1e12 AS 'log3_\1',
        sum(COLUMNS('^fourth_(.*)')) / 1e12 AS 'log4_\1',
        sum(COLUMNS('^us_(.*)')) FILTER (whole IS NOT NULL) AS 'whole_\1',
        count(whole) AS complete,
        quantile_cont(whole, 0.9) AS whole_p90,
        max(whole) AS whole_max,
        quantile_disc(COLUMNS('^us_(.*)'), [0.45, 0.4875, 0.5125, 0.55, 0.86, 0.8875, 0.9125, 0.94]) AS 'at_\1'
    FROM points
    GROUP BY key
),
-- Of small groups all is near; in larger ones every rank asked for lies between these.
ends AS (
    SELECT
        key, whole_p90, whole_max, COLUMNS('^max_'),
        coalesce(at_1[step_1], 0) AS from_1, coalesce(at_1[5 - step_1], max_1) AS to_1,
        coalesce(at_1[4 + step_1], 0) AS top_from_1, coalesce(at_1[9 - step_1], max_1) AS top_to_1,
        coalesce(at_2[step_2], 0) AS from_2, coalesce(at_2[5 - step_2], max_2) AS to_2,
        coalesce(at_2[4 + step_2], 0) AS top_from_2, coalesce(at_2[9 - step_2], max_2) AS top_to_2,
        coalesce(at_3[step_3], 0) AS from_3, coalesce(at_3[5 - step_3], max_3) AS to_3,
        coalesce(at_3[4 + step_3], 0) AS top_from_3, coalesce(at_3[9 - step_3], max_3) AS top_to_3,
        coalesce(at_4[step_4], 0) AS from_4, coalesce(at_4[5 - step_4], max_4) AS to_4,
        coalesce(at_4[4 + step_4], 0) AS top_from_4, coalesce(at_4[9 - step_4], max_4) AS top_to_4
    FROM (SELECT *,
        CASE WHEN n_1 >= $huge THEN 2 WHEN n_1 >= $large THEN 1 END AS step_1,
        CASE WHEN n_2 >= $huge THEN 2 WHEN n_2 >= $large THEN 1 END AS step_2,
        CASE WHEN n_3 >= $huge THEN 2 WHEN n_3 >= $large THEN 1 END AS step_3,
        CASE WHEN n_4 >= $huge THEN 2 WHEN n_4 >= $large THEN 1 END AS step_4
        FROM sums)
),
near AS (
    SELECT
        key,
        list(us_1) FILTER (us_1 BETWEEN from_1 AND to_1 OR us_1 BETWEEN top_from_1 AND top_to_1) AS near_1,
        count(us_1) FILTER (us_1 < from_1) AS under_1,
        count(us_1) FILTER (us_1 <= to_1) AS until_1,
        count(us_1) FILTER (us_1 < top_from_1) AS below_1,
        list(us_2) FILTER (us_2 BETWEEN from_2 AND to_2 OR us_2 BETWEEN top_from_2 AND top_to_2) AS near_2,
        count(us_2) FILTER (us_2 < from_2) AS under_2,
        count(us_2) FILTER (us_2 <= to_2) AS until_2,
        count(us_2) FILTER (us_2 < top_from_2) AS below_2,
        list(us_3) FILTER (us_3 BETWEEN from_3 AND to_3 OR us_3 BETWEEN top_from_3 AND top_to_3) AS near_3,
        count(us_3) FILTER (us_3 < from_3) AS under_3,
        count(us_3) FILTER (us_3 <= to_3) AS until_3,
        count(us_3) FILTER (us_3 < top_from_3) AS below_3,
        list(us_4) FILTER (us_4 BETWEEN from_4 AND to_4 OR us_4 BETWEEN top_from_4 AND top_to_4) AS near_4,
        count(us_4) FILTER (us_4 < from_4) AS under_4,
        count(us_4) FILTER (us_4 <= to_4) AS until_4,
        count(us_4) FILTER (us_4 < top_from_4) AS below_4,
        sum(COLUMNS('^us_(.*)')) FILTER (whole > whole_p90 OR whole = whole_max) AS 'tail_\1',
        sum(CAST(COLUMNS('^part_(.*)') * COLUMNS('^part_(.*)') * 1e15 AS BIGINT)) / 1e15 AS 'square_\1',
        sum(CAST(COLUMNS('^part_(.*)') * COLUMNS('^part_(.*)') * COLUMNS('^part_(.*)') * 1e15 AS BIGINT)) / 1e15 AS 'cube_\1'
    FROM (
        SELECT *, us_1 / nullif(max_1, 0) AS part_1, us_2 / nullif(max_2, 0) AS part_2,
            us_3 / nullif(max_3, 0) AS part_3, us_4 / nullif(max_4, 0) AS part_4
        FROM kept JOIN ends USING (key)
    )
    GROUP BY key
)
SELECT
    COLUMNS($by),
    unnest([1, 2, 3, 4]) AS place,
    unnest([n_1, n_2, n_3, n_4]) AS n,
    unnest([open_1, open_2, open_3, open_4]) AS open,
    unnest([sum_1, sum_2, sum_3, sum_4]) AS sum,
    unnest([max_1, max_2, max_3, max_4]) AS max,
    unnest([positive_1, positive_2, positive_3, positive_4]) AS positive,
    unnest([log1_1, log1_2, log1_3, log1_4]) AS log1,
    unnest([log2_1, log2_2, log2_3, log2_4]) AS log2,
    unnest([log3_1, log3_2, log3_3, log3_4]) AS log3,
    unnest([log4_1, log4_2, log4_3, log4_4]) AS log4,
    unnest([square_1, square_2, square_3, square_4]) AS square,
    unnest([cube_1, cube_2, cube_3, cube_4]) AS cube,
    complete,
    unnest([whole_1, whole_2, whole_3, whole_4]) AS whole,
    unnest([tail_1, tail_2, tail_3, tail_4]) AS tail,
    unnest([near_1, near_2, near_3, near_4]) AS near,
    unnest([under_1, under_2, under_3, under_4]) AS under,
    unnest([until_1, until_2, until_3, until_4]) AS until,
    unnest([below_1, below_2, below_3, below_4]) AS below
FROM sums JOIN near ON sums.key = near.key
