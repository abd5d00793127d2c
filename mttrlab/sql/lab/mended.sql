-- One row per incident that several records tell of, or with stamps that people corrected or telemetry gives, these
-- stamps in their place. NULL stamps: see the verdict beside them; other NULLs: not said.
WITH anew AS (
    -- Verdicts that changed when stamps of different records, or of people, came together.
    SELECT
        report_id,
        max(verdict) FILTER (WHERE stamp = 'started_at') AS started_at,
        max(verdict) FILTER (WHERE stamp = 'detected_at') AS detected_at,
        max(verdict) FILTER (WHERE stamp = 'acknowledged_at') AS acknowledged_at,
        max(verdict) FILTER (WHERE stamp = 'diagnosed_at') AS diagnosed_at,
        max(verdict) FILTER (WHERE stamp = 'resolved_at') AS resolved_at,
        max(verdict) FILTER (WHERE stamp = 'verified_at') AS verified_at
    FROM rejudged
    GROUP BY report_id
)

SELECT
    m.incident_id,
    m.source,
    m.service,
    m.team,
    m.severity,
    m.incident_type,
    m.failure_mode,
    m.title,
    m.url,
    coalesce(c.started_at, m.started_at) AS started_at,
    coalesce(w.started_at, m.started_at_verdict) AS started_at_verdict,
    coalesce(c.started_at_origin, m.started_at_origin) AS started_at_origin,
    coalesce(c.detected_at, m.detected_at) AS detected_at,
    coalesce(w.detected_at, m.detected_at_verdict) AS detected_at_verdict,
    coalesce(c.detected_at_origin, m.detected_at_origin) AS detected_at_origin,
    coalesce(c.acknowledged_at, m.acknowledged_at) AS acknowledged_at,
    coalesce(w.acknowledged_at, m.acknowledged_at_verdict) AS acknowledged_at_verdict,
    coalesce(c.acknowledged_at_origin, m.acknowledged_at_origin) AS acknowledged_at_origin,
    coalesce(c.diagnosed_at, m.diagnosed_at) AS diagnosed_at,
    coalesce(w.diagnosed_at, m.diagnosed_at_verdict) AS diagnosed_at_verdict,
    coalesce(c.diagnosed_at_origin, m.diagnosed_at_origin) AS diagnosed_at_origin,
    coalesce(c.resolved_at, m.resolved_at) AS resolved_at,
    coalesce(w.resolved_at, m.resolved_at_verdict) AS resolved_at_verdict,
    coalesce(c.resolved_at_origin, m.resolved_at_origin) AS resolved_at_origin,
    coalesce(c.verified_at, m.verified_at) AS verified_at,
    coalesce(w.verified_at, m.verified_at_verdict) AS verified_at_verdict,
    coalesce(c.verified_at_origin, m.verified_at_origin) AS verified_at_origin,
    m.first_resolved_at,
    m.detected_by,
    m.fix_path,
    m.change_id,
    m.users,
    m.reopened,
    m.population,
    m.exported_at
FROM mending AS m
LEFT JOIN anew AS w USING (report_id)
LEFT JOIN corrected AS c USING (report_id)
