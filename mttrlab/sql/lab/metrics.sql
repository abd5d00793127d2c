-- One row per service, under the team's own name for it, and instant; of several files the newest load's value stands,
-- measure by measure. NULL: no data.
SELECT
    coalesce(n.service, trim(m.service)) AS service,
    timezone('UTC', make_timestamp(m."at")) AS "at",
    arg_max(m.error_rate, m.load_id) AS error_rate,
    arg_max(m.latency_p95, m.load_id) AS latency_p95,
    arg_max(m.throughput, m.load_id) AS throughput
FROM metric_samples AS m
LEFT JOIN service_names AS n ON n.key = lower(trim(m.service))
GROUP BY 1, m."at"
