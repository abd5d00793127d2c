-- One row per source and stamp of the incidents that count: how many have each doubtful verdict, timers apart.
-- `flat`: recorded, and the same instant as the recorded milestone before it. No NULLs.
WITH told AS (
    SELECT
        source,
        unnest([
            {'stamp': 'started_at', 'verdict': started_at_verdict, 'flat': false, 'annotated': started_at_origin = 'annotated'},
            {'stamp': 'detected_at', 'verdict': detected_at_verdict, 'annotated': detected_at_origin = 'annotated', 'flat':
                detected_at_verdict = 'recorded' AND started_at_verdict = 'recorded' AND detected_at = started_at},
            {'stamp': 'acknowledged_at', 'verdict': acknowledged_at_verdict, 'flat': false,
                'annotated': acknowledged_at_origin = 'annotated'},
            {'stamp': 'diagnosed_at', 'verdict': diagnosed_at_verdict, 'annotated': diagnosed_at_origin = 'annotated', 'flat':
                diagnosed_at_verdict = 'recorded' AND detected_at_verdict = 'recorded' AND diagnosed_at = detected_at},
            {'stamp': 'resolved_at', 'verdict': resolved_at_verdict, 'annotated': resolved_at_origin = 'annotated', 'flat':
                resolved_at_verdict = 'recorded' AND diagnosed_at_verdict = 'recorded' AND resolved_at = diagnosed_at},
            {'stamp': 'verified_at', 'verdict': verified_at_verdict, 'annotated': verified_at_origin = 'annotated', 'flat':
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
    count(*) FILTER (WHERE annotated)::BIGINT AS annotated,
    count(*)::BIGINT AS incidents
FROM told
GROUP BY source, stamp
HAVING defaulted + out_of_order + suspect + flat + annotated > 0
ORDER BY source, list_position(
    ['started_at', 'detected_at', 'acknowledged_at', 'diagnosed_at', 'resolved_at', 'verified_at'], stamp)
