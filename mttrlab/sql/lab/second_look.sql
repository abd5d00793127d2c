-- One row per incident whose stamps come from several records or from people. NULL stamps: nobody says;
-- `_given`: what people say.
SELECT
    m.report_id,
    m.exported_at,
    m.detected_at_origin,
    c.report_id IS NOT NULL AS annotated,
    coalesce(c.started_at, m.started_at) AS started_at,
    c.started_at AS started_at_given,
    m.started_at_verdict,
    false AS started_at_timer,
    coalesce(c.detected_at, m.detected_at) AS detected_at,
    c.detected_at AS detected_at_given,
    m.detected_at_verdict,
    false AS detected_at_timer,
    coalesce(c.acknowledged_at, m.acknowledged_at) AS acknowledged_at,
    c.acknowledged_at AS acknowledged_at_given,
    m.acknowledged_at_verdict,
    false AS acknowledged_at_timer,
    coalesce(c.diagnosed_at, m.diagnosed_at) AS diagnosed_at,
    c.diagnosed_at AS diagnosed_at_given,
    m.diagnosed_at_verdict,
    false AS diagnosed_at_timer,
    coalesce(c.resolved_at, m.resolved_at) AS resolved_at,
    c.resolved_at AS resolved_at_given,
    m.resolved_at_verdict,
    coalesce(m.resolved_by_timer, false) AS resolved_at_timer,
    coalesce(c.verified_at, m.verified_at) AS verified_at,
    c.verified_at AS verified_at_given,
    m.verified_at_verdict,
    coalesce(m.verified_by_timer, false) AS verified_at_timer
FROM mending AS m
LEFT JOIN corrected AS c USING (report_id)
ORDER BY m.report_id
