-- One row per incident or other record of every population, records that tell of the same incident joined.
-- NULL stamps: see the verdict beside them; other NULLs: not said.
WITH anew AS (
    -- Verdicts that changed when stamps of different records came together.
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
    source_id AS incident_id,
    source,
    service,
    team,
    severity,
    incident_type,
    failure_mode,
    title,
    url,
    started_at,
    started_at_verdict,
    started_at_origin,
    detected_at,
    detected_at_verdict,
    detected_at_origin,
    acknowledged_at,
    acknowledged_at_verdict,
    acknowledged_at_origin,
    diagnosed_at,
    diagnosed_at_verdict,
    diagnosed_at_origin,
    resolved_at,
    resolved_at_verdict,
    resolved_at_origin,
    verified_at,
    verified_at_verdict,
    verified_at_origin,
    first_resolved_at,
    detected_by,
    fix_path,
    change_id,
    users,
    reopened,
    own AS population,
    exported_at
FROM settled
ANTI JOIN links USING (report_id)
UNION ALL
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
    m.started_at,
    coalesce(w.started_at, m.started_at_verdict) AS started_at_verdict,
    m.started_at_origin,
    m.detected_at,
    coalesce(w.detected_at, m.detected_at_verdict) AS detected_at_verdict,
    m.detected_at_origin,
    m.acknowledged_at,
    coalesce(w.acknowledged_at, m.acknowledged_at_verdict) AS acknowledged_at_verdict,
    m.acknowledged_at_origin,
    m.diagnosed_at,
    coalesce(w.diagnosed_at, m.diagnosed_at_verdict) AS diagnosed_at_verdict,
    m.diagnosed_at_origin,
    m.resolved_at,
    coalesce(w.resolved_at, m.resolved_at_verdict) AS resolved_at_verdict,
    m.resolved_at_origin,
    m.verified_at,
    coalesce(w.verified_at, m.verified_at_verdict) AS verified_at_verdict,
    m.verified_at_origin,
    m.first_resolved_at,
    m.detected_by,
    m.fix_path,
    m.change_id,
    m.users,
    m.reopened,
    m.population,
    m.exported_at
FROM merged AS m
LEFT JOIN anew AS w USING (report_id)
