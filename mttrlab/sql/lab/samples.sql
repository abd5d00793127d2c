-- One row per sample of the services $names from $lo on and before $hi (microseconds since 1970), in the order of time.
-- NaN: no data. Of several loads that tell of the same instant the newest holds, measure by measure.
SELECT
    "at",
    coalesce(arg_max(error_rate, load_id), 'nan'::DOUBLE) AS error_rate,
    coalesce(arg_max(latency_p95, load_id), 'nan'::DOUBLE) AS latency_p95
FROM metric_samples
WHERE "at" >= $lo AND "at" < $hi AND list_contains($names::VARCHAR[], service)
GROUP BY "at"
ORDER BY "at"
