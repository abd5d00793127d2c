-- As `samples`, where the lab has one load and one name of the service for this time, so that nothing stands twice.
SELECT
    "at",
    coalesce(error_rate, 'nan'::DOUBLE) AS error_rate,
    coalesce(latency_p95, 'nan'::DOUBLE) AS latency_p95
FROM metric_samples
WHERE "at" >= $lo AND "at" < $hi AND service = $names[1]
