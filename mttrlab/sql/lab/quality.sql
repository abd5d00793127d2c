-- One row per part ($by: 'all', 'source', 'month' or 'service'), milestone and verdict, among the incidents that count.
-- `part` is NULL where the incident has none; `of` is the number of incidents in the part.
WITH told AS (
    SELECT
        CASE $by
            WHEN 'source' THEN source
            WHEN 'service' THEN service
            WHEN 'month' THEN strftime(date_trunc('month', coalesce(
                started_at, detected_at, acknowledged_at, diagnosed_at, resolved_at, verified_at)), '%Y-%m')
        END AS part,
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
    part,
    milestone,
    verdict,
    count(*)::BIGINT AS incidents,
    count(*) / sum(count(*)) OVER (PARTITION BY part, milestone) AS share
FROM told
GROUP BY part, place, milestone, verdict
ORDER BY part NULLS LAST, place, list_position(
    ['recorded', 'pending', 'missing', 'not_applicable', 'defaulted', 'out_of_order', 'suspect'], verdict)
