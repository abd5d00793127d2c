-- One row per incident that several records tell of: the leader's identity, each stamp from the record that has the
-- best one. NULL: none of them says.
-- `arg_min` passes over NULLs; places differ within an incident, so nothing is left to chance.
WITH member AS (
    SELECT links.leader_id, links.place, settled.*
    FROM links
    JOIN settled USING (report_id)
),

best AS (
    SELECT
        leader_id AS report_id,
        arg_min(source_id, place) AS incident_id,
        arg_min(source, place) AS source,
        arg_min(service, place) AS service,
        arg_min(team, place) AS team,
        arg_min(severity, place) AS severity,
        arg_min(incident_type, place) AS incident_type,
        arg_min(failure_mode, place) AS failure_mode,
        arg_min(title, place) AS title,
        arg_min(url, place) AS url,
        arg_min({'at': started_at, 'verdict': started_at_verdict, 'origin': started_at_origin},
            1000 * stamp_rank(started_at_verdict, started_at_origin) + place) AS started,
        arg_min({'at': detected_at, 'verdict': detected_at_verdict, 'origin': detected_at_origin},
            1000 * stamp_rank(detected_at_verdict, detected_at_origin) + place) AS detected,
        arg_min({'at': acknowledged_at, 'verdict': acknowledged_at_verdict, 'origin': acknowledged_at_origin},
            1000 * stamp_rank(acknowledged_at_verdict, acknowledged_at_origin) + place) AS acknowledged,
        arg_min({'at': diagnosed_at, 'verdict': diagnosed_at_verdict, 'origin': diagnosed_at_origin},
            1000 * stamp_rank(diagnosed_at_verdict, diagnosed_at_origin) + place) AS diagnosed,
        arg_min({'at': resolved_at, 'verdict': resolved_at_verdict, 'origin': resolved_at_origin, 'timer': resolved_by_timer},
            1000 * stamp_rank(resolved_at_verdict, resolved_at_origin) + place) AS resolved,
        arg_min({'at': verified_at, 'verdict': verified_at_verdict, 'origin': verified_at_origin, 'timer': verified_by_timer},
            1000 * stamp_rank(verified_at_verdict, verified_at_origin) + place) AS verified,
        arg_min(first_resolved_at, place) AS first_resolved_at,
        arg_min(detected_by, place) AS detected_by,
        arg_min(fix_path, place) AS fix_path,
        arg_min(change_id, place) AS change_id,
        arg_min(users, place) AS users,
        bool_or(reopened) AS reopened,
        if(bool_or(own = 'counted'), 'counted', arg_min(own, place)) AS population,
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
    resolved.timer AS resolved_by_timer,
    verified."at" AS verified_at,
    verified.verdict AS verified_at_verdict,
    verified.origin AS verified_at_origin,
    verified.timer AS verified_by_timer
FROM best
