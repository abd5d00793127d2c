-- One row per incident with stamps that people corrected or telemetry gave; NULL: neither.
SELECT
    report_id,
    max("time") FILTER (WHERE stamp = 'started_at') AS started_at,
    max(origin) FILTER (WHERE stamp = 'started_at') AS started_at_origin,
    max("time") FILTER (WHERE stamp = 'detected_at') AS detected_at,
    max(origin) FILTER (WHERE stamp = 'detected_at') AS detected_at_origin,
    max("time") FILTER (WHERE stamp = 'acknowledged_at') AS acknowledged_at,
    max(origin) FILTER (WHERE stamp = 'acknowledged_at') AS acknowledged_at_origin,
    max("time") FILTER (WHERE stamp = 'diagnosed_at') AS diagnosed_at,
    max(origin) FILTER (WHERE stamp = 'diagnosed_at') AS diagnosed_at_origin,
    max("time") FILTER (WHERE stamp = 'resolved_at') AS resolved_at,
    max(origin) FILTER (WHERE stamp = 'resolved_at') AS resolved_at_origin,
    max("time") FILTER (WHERE stamp = 'verified_at') AS verified_at,
    max(origin) FILTER (WHERE stamp = 'verified_at') AS verified_at_origin
FROM annotated
GROUP BY report_id
