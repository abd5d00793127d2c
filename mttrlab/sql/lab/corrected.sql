-- One row per incident with stamps that people corrected; NULL: not corrected.
SELECT
    report_id,
    max("time") FILTER (WHERE stamp = 'started_at') AS started_at,
    max("time") FILTER (WHERE stamp = 'detected_at') AS detected_at,
    max("time") FILTER (WHERE stamp = 'acknowledged_at') AS acknowledged_at,
    max("time") FILTER (WHERE stamp = 'diagnosed_at') AS diagnosed_at,
    max("time") FILTER (WHERE stamp = 'resolved_at') AS resolved_at,
    max("time") FILTER (WHERE stamp = 'verified_at') AS verified_at
FROM annotated
GROUP BY report_id
