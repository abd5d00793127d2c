-- One row per incident that several records tell of: the leader's identity, each stamp from the record that has the
-- best one. NULL: none of them says.
WITH member AS (
    SELECT links.leader_id, links.place, settled.*
    FROM links
    JOIN settled USING (report_id)
),

best AS (
    SELECT
        leader_id AS report_id,
        first(source_id ORDER BY place) AS incident_id,
        first(source ORDER BY place) AS source,
        first(service ORDER BY place) FILTER (WHERE service IS NOT NULL) AS service,
        first(team ORDER BY place) FILTER (WHERE team IS NOT NULL) AS team,
        first(severity ORDER BY place) FILTER (WHERE severity IS NOT NULL) AS severity,
        first(incident_type ORDER BY place) FILTER (WHERE incident_type IS NOT NULL) AS incident_type,
        first(failure_mode ORDER BY place) FILTER (WHERE failure_mode IS NOT NULL) AS failure_mode,
        first(title ORDER BY place) FILTER (WHERE title IS NOT NULL) AS title,
        first(url ORDER BY place) FILTER (WHERE url IS NOT NULL) AS url,
        first({'at': started_at, 'verdict': started_at_verdict, 'origin': started_at_origin}
            ORDER BY stamp_rank(started_at_verdict, started_at_origin), place) AS started,
        first({'at': detected_at, 'verdict': detected_at_verdict, 'origin': detected_at_origin}
            ORDER BY stamp_rank(detected_at_verdict, detected_at_origin), place) AS detected,
        first({'at': acknowledged_at, 'verdict': acknowledged_at_verdict, 'origin': acknowledged_at_origin}
            ORDER BY stamp_rank(acknowledged_at_verdict, acknowledged_at_origin), place) AS acknowledged,
        first({'at': diagnosed_at, 'verdict': diagnosed_at_verdict, 'origin': diagnosed_at_origin}
            ORDER BY stamp_rank(diagnosed_at_verdict, diagnosed_at_origin), place) AS diagnosed,
        first({'at': resolved_at, 'verdict': resolved_at_verdict, 'origin': resolved_at_origin}
            ORDER BY stamp_rank(resolved_at_verdict, resolved_at_origin), place) AS resolved,
        first({'at': verified_at, 'verdict': verified_at_verdict, 'origin': verified_at_origin}
            ORDER BY stamp_rank(verified_at_verdict, verified_at_origin), place) AS verified,
        first(first_resolved_at ORDER BY place) FILTER (WHERE first_resolved_at IS NOT NULL) AS first_resolved_at,
        first(detected_by ORDER BY place) FILTER (WHERE detected_by IS NOT NULL) AS detected_by,
        first(fix_path ORDER BY place) FILTER (WHERE fix_path IS NOT NULL) AS fix_path,
        first(change_id ORDER BY place) FILTER (WHERE change_id IS NOT NULL) AS change_id,
        first(users ORDER BY place) FILTER (WHERE users IS NOT NULL) AS users,
        bool_or(reopened) AS reopened,
        if(bool_or(own = 'counted'), 'counted', first(own ORDER BY place)) AS population,
        max(exported_at) AS exported_at
    FROM member
    GROUP BY leader_id
)

SELECT
    * EXCLUDE (started, detected, acknowledged, diagnosed, resolved, verified),
    started."at" AS started_at,
    started.verdict AS started_at_verdict,
    started.origin AS started_at_origin,
    detected."at" AS detected_at,
    detected.verdict AS detected_at_verdict,
    detected.origin AS detected_at_origin,
    acknowledged."at" AS acknowledged_at,
    acknowledged.verdict AS acknowledged_at_verdict,
    acknowledged.origin AS acknowledged_at_origin,
    diagnosed."at" AS diagnosed_at,
    diagnosed.verdict AS diagnosed_at_verdict,
    diagnosed.origin AS diagnosed_at_origin,
    resolved."at" AS resolved_at,
    resolved.verdict AS resolved_at_verdict,
    resolved.origin AS resolved_at_origin,
    verified."at" AS verified_at,
    verified.verdict AS verified_at_verdict,
    verified.origin AS verified_at_origin
FROM best
