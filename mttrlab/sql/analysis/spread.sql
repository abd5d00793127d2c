-- One row per group and measure (`place`, in the order of the schema): what `summary` says of the ended ones, and what
-- intervals and shares need. NULL: nothing ended.
-- Powers are of logarithms in fixed point and of hundredths of a second: sums of integers, the same on any number of
-- threads. `shape` is of logarithms to a thousandth, which leaves room for the fourth power.
-- The minutes around the exact ends of an order-statistic interval come as short lists with the rank of their first:
-- sorting only what lies near a quantile costs a third of sorting all.
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
        CAST(COLUMNS('^log_(.*)') * 1e3 AS BIGINT) AS 'rough_\1',
        CAST(COLUMNS('^us_(.*)') // 10000 AS HUGEINT) AS 'cs_\1'
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
        sum(COLUMNS('^rough_(.*)')) / 1e3 AS 'shape1_\1',
        sum(COLUMNS('^rough_(.*)') * COLUMNS('^rough_(.*)')) / 1e6 AS 'shape2_\1',
        sum(COLUMNS('^rough_(.*)') * COLUMNS('^rough_(.*)') * COLUMNS('^rough_(.*)')) / 1e9 AS 'shape3_\1',
        sum(COLUMNS('^rough_(.*)') * COLUMNS('^rough_(.*)') * COLUMNS('^rough_(.*)') * COLUMNS('^rough_(.*)')) / 1e12 AS 'shape4_\1',
        sum(COLUMNS('^cs_(.*)') * COLUMNS('^cs_(.*)')) / 36e6 AS 'sum2_\1',
        sum(COLUMNS('^cs_(.*)') * COLUMNS('^cs_(.*)') * COLUMNS('^cs_(.*)')) / 216e9 AS 'sum3_\1',
        sum(COLUMNS('^us_(.*)')) FILTER (whole IS NOT NULL) AS 'whole_\1',
        count(whole) AS complete,
        quantile_cont(whole, 0.9) AS whole_p90,
        max(whole) AS whole_max,
        quantile_disc(COLUMNS('^us_(.*)'), [0.45, 0.4875, 0.5125, 0.55, 0.86, 0.8875, 0.9125, 0.94]) AS 'at_\1'
    FROM points
    GROUP BY key
),
-- Small groups are sorted whole; in larger ones every rank asked for lies between these.
ends AS (
    SELECT
        key, whole_p90, whole_max,
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
        kept.key,
        list_sort(list(us_1) FILTER (us_1 BETWEEN from_1 AND to_1), 'ASC') AS middle_1,
        count(us_1) FILTER (us_1 < from_1) AS under_1,
        list_sort(list(us_1) FILTER (us_1 BETWEEN top_from_1 AND top_to_1), 'ASC') AS top_1,
        count(us_1) FILTER (us_1 < top_from_1) AS below_1,
        list_sort(list(us_2) FILTER (us_2 BETWEEN from_2 AND to_2), 'ASC') AS middle_2,
        count(us_2) FILTER (us_2 < from_2) AS under_2,
        list_sort(list(us_2) FILTER (us_2 BETWEEN top_from_2 AND top_to_2), 'ASC') AS top_2,
        count(us_2) FILTER (us_2 < top_from_2) AS below_2,
        list_sort(list(us_3) FILTER (us_3 BETWEEN from_3 AND to_3), 'ASC') AS middle_3,
        count(us_3) FILTER (us_3 < from_3) AS under_3,
        list_sort(list(us_3) FILTER (us_3 BETWEEN top_from_3 AND top_to_3), 'ASC') AS top_3,
        count(us_3) FILTER (us_3 < top_from_3) AS below_3,
        list_sort(list(us_4) FILTER (us_4 BETWEEN from_4 AND to_4), 'ASC') AS middle_4,
        count(us_4) FILTER (us_4 < from_4) AS under_4,
        list_sort(list(us_4) FILTER (us_4 BETWEEN top_from_4 AND top_to_4), 'ASC') AS top_4,
        count(us_4) FILTER (us_4 < top_from_4) AS below_4,
        sum(COLUMNS('^us_(.*)')) FILTER (whole > whole_p90 OR whole = whole_max) AS 'tail_\1'
    FROM kept JOIN ends ON kept.key = ends.key
    GROUP BY kept.key
),
apart AS (
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
        unnest([shape1_1, shape1_2, shape1_3, shape1_4]) AS shape1,
        unnest([shape2_1, shape2_2, shape2_3, shape2_4]) AS shape2,
        unnest([shape3_1, shape3_2, shape3_3, shape3_4]) AS shape3,
        unnest([shape4_1, shape4_2, shape4_3, shape4_4]) AS shape4,
        unnest([sum2_1, sum2_2, sum2_3, sum2_4]) AS sum2,
        unnest([sum3_1, sum3_2, sum3_3, sum3_4]) AS sum3,
        complete,
        unnest([whole_1, whole_2, whole_3, whole_4]) AS whole,
        unnest([tail_1, tail_2, tail_3, tail_4]) AS tail,
        unnest([middle_1, middle_2, middle_3, middle_4]) AS middle,
        unnest([under_1, under_2, under_3, under_4]) AS under,
        unnest([top_1, top_2, top_3, top_4]) AS top,
        unnest([below_1, below_2, below_3, below_4]) AS below
    FROM sums JOIN near ON sums.key = near.key
),
ranked AS (
    SELECT *,
        CAST(floor(n * 0.5 - $reach * sqrt(n * 0.25)) AS BIGINT) - $margin AS r1,
        CAST(floor(n * 0.5 + $reach * sqrt(n * 0.25)) AS BIGINT) - $margin AS r2,
        CAST(floor(n * 0.9 - $reach * sqrt(n * 0.09)) AS BIGINT) - $margin AS r3,
        CAST(floor(n * 0.9 + $reach * sqrt(n * 0.09)) AS BIGINT) - $margin AS r4
    FROM apart
)
SELECT
    * EXCLUDE (middle, under, top, below, r1, r2, r3, r4),
    -- The middle two, and the two around the P90.
    middle[(n - 1) // 2 + 1 - under] AS median_below,
    middle[n // 2 + 1 - under] AS median_above,
    top[(n - 1) * 9 // 10 + 1 - below] AS p90_below,
    top[least((n - 1) * 9 // 10 + 2, n) - below] AS p90_above,
    greatest(r1, under + 1) AS median_low_rank, middle[greatest(r1 - under, 1):r1 + 2 * $margin - under] AS median_low_near,
    greatest(r2, under + 1) AS median_high_rank, middle[greatest(r2 - under, 1):r2 + 2 * $margin - under] AS median_high_near,
    greatest(r3, below + 1) AS p90_low_rank, top[greatest(r3 - below, 1):r3 + 2 * $margin - below] AS p90_low_near,
    greatest(r4, below + 1) AS p90_high_rank, top[greatest(r4 - below, 1):r4 + 2 * $margin - below] AS p90_high_near
FROM ranked
