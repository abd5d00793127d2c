-- One row per group and measure: what intervals need of the ended spans. NULL: nothing ended, or no such rank.
-- Powers are of logarithms in fixed point (1e9 for the first two, 1e6 for the others) and of hundredths of a second.
WITH ended AS (
    SELECT COLUMNS($by), measure, us,
        CASE WHEN us > 0 THEN ln(us / 6e7) END AS log_minutes,
        CAST(round(us / 1e4) AS HUGEINT) AS cs
    FROM measures
    WHERE observed
),
points AS (
    SELECT COLUMNS($by), measure, us, cs,
        CAST(round(log_minutes * 1e9) AS HUGEINT) AS nano,
        CAST(round(log_minutes * 1e6) AS HUGEINT) AS micro
    FROM ended
),
sorted AS (
    SELECT
        COLUMNS($by),
        measure,
        count(*) AS n,
        count(nano) AS positive,
        sum(nano) / 1e9 AS log1,
        sum(nano * nano) / 1e18 AS log2,
        sum(micro * micro * micro) / 1e18 AS log3,
        sum(micro * micro * micro * micro) / 1e24 AS log4,
        sum(cs) / 6e3 AS sum1,
        sum(cs * cs) / 36e6 AS sum2,
        sum(cs * cs * cs) / 216e9 AS sum3,
        list_sort(list(us)) AS ordered
    FROM points
    GROUP BY ALL
)
SELECT
    * EXCLUDE (ordered),
    -- Ranks of the exact order-statistic intervals stand beside each n; NULL: there is no such interval.
    ordered[$median_low[list_position($sizes, n)]] / 6e7 AS median_low,
    ordered[$median_high[list_position($sizes, n)]] / 6e7 AS median_high,
    ordered[$p90_low[list_position($sizes, n)]] / 6e7 AS p90_low,
    ordered[$p90_high[list_position($sizes, n)]] / 6e7 AS p90_high
FROM sorted
