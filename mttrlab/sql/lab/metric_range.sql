-- One row per service and instant from $since on and before $until (microseconds; NULL: no limit), of the services that
-- the files call $names (NULL: all). NULL measures: no data. The filters stand on the stored columns: the table lies in
-- the order of service and time, and only the blocks in question are read.
SELECT
    coalesce(n.service, trim(m.service)) AS service,
    timezone('UTC', make_timestamp(m."at")) AS "at",
    arg_max(m.error_rate, m.load_id) AS error_rate,
    arg_max(m.latency_p95, m.load_id) AS latency_p95,
    arg_max(m.throughput, m.load_id) AS throughput
FROM metric_samples AS m
LEFT JOIN service_names AS n ON n.key = lower(trim(m.service))
WHERE m."at" >= coalesce($since::BIGINT, -9223372036854775807)
  AND m."at" < coalesce($until::BIGINT, 9223372036854775807)
  AND ($names::VARCHAR[] IS NULL OR list_contains($names::VARCHAR[], m.service))
GROUP BY 1, m."at"
ORDER BY 1, 2
