-- One row per part ($by_source, $by_month, $by_service say what makes one), milestone and verdict, among the incidents
-- that count. `source`, `month`, `service` are NULL where they make no part or the incident has none.
WITH told AS (
    SELECT
        if($by_source, source, NULL) AS source,
        if($by_month, strftime(coalesce(
            started_at, detected_at, acknowledged_at, diagnosed_at, resolved_at, verified_at), '%Y-%m'), NULL) AS month,
        if($by_service, service, NULL) AS service,
        unnest([
            {'place': 1, 'milestone': 'started_at', 'verdict': started_at_verdict},
            {'place': 2, 'milestone': 'detected_at', 'verdict': detected_at_verdict},
            {'place': 3, 'milestone': 'acknowledged_at', 'verdict': acknowledged_at_verdict},
            {'place': 4, 'milestone': 'diagnosed_at', 'verdict': diagnosed_at_verdict},
            {'place': 5, 'milestone': 'resolved_at', 'verdict': resolved_at_verdict},
            {'place': 6, 'milestone': 'verified_at', 'verdict': verified_at_verdict}
        ], recursive := true)
    FROM incidents
)

SELECT
    source,
    month,
    service,
    milestone,
    verdict,
    count(*)::BIGINT AS incidents,
    count(*) / sum(count(*)) OVER (PARTITION BY source, month, service, milestone) AS share
FROM told
GROUP BY source, month, service, place, milestone, verdict
ORDER BY source NULLS LAST, month NULLS LAST, service NULLS LAST, place, list_position(
    ['recorded', 'pending', 'missing', 'not_applicable', 'defaulted', 'out_of_order', 'suspect'], verdict)
