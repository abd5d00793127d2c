-- One row per group and measure: how many ended, how many are open, mean, median and P90 of the ended in minutes.
-- NULL: nothing ended. The sum is of integer microseconds, so it is the same on any number of threads.
SELECT
    COLUMNS($by),
    measure,
    count(*) FILTER (observed) AS n,
    count(*) FILTER (NOT observed) AS open,
    sum(us) FILTER (observed) / 6e7 / count(*) FILTER (observed) AS mean,
    quantile_cont(us, 0.5) FILTER (observed) / 6e7 AS median,
    quantile_cont(us, 0.9) FILTER (observed) / 6e7 AS p90,
    max(us) FILTER (observed) / 6e7 AS max
FROM measures
GROUP BY ALL
