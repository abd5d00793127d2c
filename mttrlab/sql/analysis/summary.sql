-- One row per group; per measure how many ended and are open, the sum of the ended in microseconds (an integer, so
-- that it is the same on any number of threads), their median and P90, and the longest. NULL: nothing ended.
SELECT
    COLUMNS($by),
    count(COLUMNS('^us_(.*)')) AS 'n_\1',
    count_if(COLUMNS('^still_open_(.*)')) AS 'open_\1',
    sum(COLUMNS('^us_(.*)')) AS 'sum_\1',
    quantile_cont(COLUMNS('^us_(.*)'), [0.5, 0.9]) AS 'quantiles_\1',
    max(COLUMNS('^us_(.*)')) AS 'max_\1'
FROM measures
GROUP BY ALL
