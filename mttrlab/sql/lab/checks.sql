-- One row per window (`n` of `windows`) and check that the metrics can say anything about: the check's place (0 is made
-- at `lo`), its mean error rate, its greatest p95 and the first bad sample of its trailing window. NULL: that measure has
-- no sample in it. A sample stands for the time that begins at its stamp, so the one stamped now is not over yet.
-- Windows are cut into hours, so that samples meet them by equality; $step is microseconds from check to check, $looks
-- the number of steps that a check looks back.
WITH hours AS (
    SELECT n, service, lo, hi, unnest(range((lo - $looks * $step) // 3600000000, hi // 3600000000 + 1)) AS hour
    FROM windows
),

stepped AS (
    SELECT
        h.n,
        (m."at" - (h.lo - $looks * $step)) // $step AS bucket,
        sum(m.error_rate) AS errors,
        count(m.error_rate) AS n_errors,
        max(m.latency_p95) AS latency,
        min(m."at") FILTER (WHERE m.error_rate >= $error_rate OR m.latency_p95 >= $latency_p95) AS first_bad
    FROM metric_samples AS m
    JOIN hours AS h ON m.service = h.service AND m."at" // 3600000000 = h.hour
    WHERE m."at" >= h.lo - $looks * $step AND m."at" < h.hi
        AND m."at" >= (SELECT min(lo) - $looks * $step FROM windows)
        AND m."at" < (SELECT max(hi) FROM windows)
    GROUP BY h.n, bucket
),

looked AS (
    SELECT n, bucket + unnest(range(1, $looks + 1)) - $looks AS place, errors, n_errors, latency, first_bad
    FROM stepped
)

SELECT
    n,
    place::BIGINT AS place,
    sum(errors) / nullif(sum(n_errors), 0) AS error_rate,
    max(latency) AS latency_p95,
    min(first_bad) AS first_bad
FROM looked
WHERE place >= 0
GROUP BY n, place
ORDER BY n, place
