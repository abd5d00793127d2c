-- One row per source and stamp of the incidents that count: how many have each doubtful verdict, timers apart.
-- `flat`: recorded, and the same instant as the recorded milestone before it. No NULLs.
WITH told AS (
    SELECT
        source,
        unnest([
            {'stamp': 'started_at', 'verdict': started_at_verdict, 'flat': false, 'origin': started_at_origin},
            {'stamp': 'detected_at', 'verdict': detected_at_verdict, 'origin': detected_at_origin, 'flat':
                detected_at_verdict = 'recorded' AND started_at_verdict = 'recorded' AND detected_at = started_at},
            {'stamp': 'acknowledged_at', 'verdict': acknowledged_at_verdict, 'flat': false,
                'origin': acknowledged_at_origin},
            {'stamp': 'diagnosed_at', 'verdict': diagnosed_at_verdict, 'origin': diagnosed_at_origin, 'flat':
                diagnosed_at_verdict = 'recorded' AND detected_at_verdict = 'recorded' AND diagnosed_at = detected_at},
            {'stamp': 'resolved_at', 'verdict': resolved_at_verdict, 'origin': resolved_at_origin, 'flat':
                resolved_at_verdict = 'recorded' AND diagnosed_at_verdict = 'recorded' AND resolved_at = diagnosed_at},
            {'stamp': 'verified_at', 'verdict': verified_at_verdict, 'origin': verified_at_origin, 'flat':
                verified_at_verdict = 'recorded' AND resolved_at_verdict = 'recorded' AND verified_at = resolved_at}
        ], recursive := true)
    FROM incidents
)

SELECT
    source,
    stamp,
    count(*) FILTER (WHERE verdict = 'defaulted')::BIGINT AS defaulted,
    count(*) FILTER (WHERE verdict = 'out_of_order')::BIGINT AS out_of_order,
    count(*) FILTER (WHERE verdict = 'suspect')::BIGINT AS suspect,
    count(*) FILTER (WHERE flat)::BIGINT AS flat,
    count(*) FILTER (WHERE origin = 'annotated')::BIGINT AS annotated,
    count(*) FILTER (WHERE origin = 'derived')::BIGINT AS derived,
    count(*)::BIGINT AS incidents
FROM told
GROUP BY source, stamp
HAVING defaulted + out_of_order + suspect + flat + annotated + derived > 0
ORDER BY source, list_position(
    ['started_at', 'detected_at', 'acknowledged_at', 'diagnosed_at', 'resolved_at', 'verified_at'], stamp)
