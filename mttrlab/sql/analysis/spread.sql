-- One row per group; per measure what intervals need of the ended spans. NULL: nothing ended, or no such rank.
-- Powers are of logarithms in fixed point (1e9 for the first two, 1e6 for the others) and of hundredths of a second:
-- sums of integers, the same on any number of threads.
WITH points AS (
    SELECT
        COLUMNS($by),
        COLUMNS('^ended_us_(.*)') AS 'ended_us_\1',
        CAST(round(CASE WHEN COLUMNS('^ended_us_(.*)') > 0 THEN ln(COLUMNS('^ended_us_(.*)') / 6e7) END * 1e9) AS HUGEINT)
            AS 'nano_\1',
        CAST(round(CASE WHEN COLUMNS('^ended_us_(.*)') > 0 THEN ln(COLUMNS('^ended_us_(.*)') / 6e7) END * 1e6) AS HUGEINT)
            AS 'micro_\1',
        CAST(round(COLUMNS('^ended_us_(.*)') / 1e4) AS HUGEINT) AS 'cs_\1'
    FROM measures
),
sums AS (
    SELECT
        COLUMNS($by),
        count(COLUMNS('^ended_us_(.*)')) AS 'n_\1',
        count(COLUMNS('^nano_(.*)')) AS 'positive_\1',
        sum(COLUMNS('^nano_(.*)')) / 1e9 AS 'log1_\1',
        sum(COLUMNS('^nano_(.*)') * COLUMNS('^nano_(.*)')) / 1e18 AS 'log2_\1',
        sum(COLUMNS('^micro_(.*)') * COLUMNS('^micro_(.*)') * COLUMNS('^micro_(.*)')) / 1e18 AS 'log3_\1',
        sum(COLUMNS('^micro_(.*)') * COLUMNS('^micro_(.*)') * COLUMNS('^micro_(.*)') * COLUMNS('^micro_(.*)')) / 1e24
            AS 'log4_\1',
        sum(COLUMNS('^cs_(.*)')) / 6e3 AS 'sum1_\1',
        sum(COLUMNS('^cs_(.*)') * COLUMNS('^cs_(.*)')) / 36e6 AS 'sum2_\1',
        sum(COLUMNS('^cs_(.*)') * COLUMNS('^cs_(.*)') * COLUMNS('^cs_(.*)')) / 216e9 AS 'sum3_\1',
        list_sort(list(COLUMNS('^ended_us_(.*)')), 'ASC', 'NULLS LAST') AS 'ordered_\1'
    FROM points
    GROUP BY ALL
)
SELECT
    COLUMNS(lambda c: NOT starts_with(c, 'ordered_')),
    -- Ranks of the exact order-statistic intervals stand beside each n; NULL: there is no such interval.
    COLUMNS('^ordered_(.*)')[$median_low[list_position($sizes, list_count(COLUMNS('^ordered_(.*)')))]] / 6e7
        AS 'median_low_\1',
    COLUMNS('^ordered_(.*)')[$median_high[list_position($sizes, list_count(COLUMNS('^ordered_(.*)')))]] / 6e7
        AS 'median_high_\1',
    COLUMNS('^ordered_(.*)')[$p90_low[list_position($sizes, list_count(COLUMNS('^ordered_(.*)')))]] / 6e7
        AS 'p90_low_\1',
    COLUMNS('^ordered_(.*)')[$p90_high[list_position($sizes, list_count(COLUMNS('^ordered_(.*)')))]] / 6e7
        AS 'p90_high_\1'
FROM sums
