-- One row per kind of telemetry and service that the lab holds. NULL `service`: not said.
WITH held AS (
    SELECT 'metrics' AS kind, service, samples, timezone('UTC', make_timestamp(first_at)) AS first,
        timezone('UTC', make_timestamp(last_at)) AS last
    FROM metric_series
    UNION ALL
    SELECT 'deployments', service, 1, "at", "at" FROM deployments
    UNION ALL
    SELECT 'firings', service, 1, started_at, started_at FROM firings
    UNION ALL
    SELECT 'logs', service, 1, "at", "at" FROM logs
    UNION ALL
    SELECT 'spans', service, 1, timezone('UTC', make_timestamp(start_ns // 1000)),
        timezone('UTC', make_timestamp(end_ns // 1000))
    FROM spans
)

SELECT kind, service, sum(samples)::BIGINT AS "rows", min(first) AS first, max(last) AS last
FROM held
GROUP BY kind, service
ORDER BY list_position(['metrics', 'deployments', 'firings', 'logs', 'spans'], kind), service NULLS LAST
