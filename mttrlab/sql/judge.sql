-- One row per row of `reports`, in their order, with a verdict beside each stamp; nothing else is changed. A verdict is never NULL.
-- Alone: what needs other rows (an auto-close timer) is judged elsewhere.
WITH RECURSIVE
-- The pairs that have an order, a bit each: started-detected 1, started-diagnosed 2, started-resolved 4, started-verified 8,
-- detected-diagnosed 16, detected-resolved 32, detected-verified 64, resolved-verified 128.
-- No bit binds a diagnosis to the fix: mitigating first is good practice.
milestones (place, name, pairs) AS (
    VALUES (1, 'started_at', 1 + 2 + 4 + 8), (2, 'detected_at', 1 + 16 + 32 + 64), (3, 'diagnosed_at', 2 + 16),
           (4, 'resolved_at', 4 + 32 + 128), (5, 'verified_at', 8 + 64 + 128)
),
-- Each pattern of reversed pairs: the milestone in most of them goes (ties: the later one), until none is left.
rounds AS (
    SELECT pattern, pattern AS left_over, 0 AS round, NULL::VARCHAR AS dropped FROM range(256) AS patterns (pattern)
    UNION ALL
    SELECT pattern, left_over & ~worst.pairs, round + 1, worst.name
    FROM (
        SELECT rounds.pattern, rounds.left_over, rounds.round,
               arg_max(m, bit_count((rounds.left_over & m.pairs)::INTEGER) * 10 + m.place) AS worst
        FROM rounds, milestones AS m
        WHERE rounds.left_over > 0
        GROUP BY ALL
    )
),
fates AS (
    SELECT list(dropped ORDER BY pattern) AS by_pattern
    FROM (SELECT pattern, list(dropped) FILTER (dropped IS NOT NULL) AS dropped FROM rounds GROUP BY pattern)
),
-- Plain microseconds: comparing them costs a fraction of comparing zoned times.
clocks AS (
    SELECT *,
           epoch_us(started_at) AS j_started, epoch_us(detected_at) AS j_detected,
           epoch_us(acknowledged_at) AS j_acknowledged, epoch_us(diagnosed_at) AS j_diagnosed,
           epoch_us(resolved_at) AS j_resolved, epoch_us(verified_at) AS j_verified,
           coalesce(epoch_us(exported_at) + 5 * 60000000, 9223372036854775807) AS j_latest,
           epoch_us(TIMESTAMPTZ '1990-01-01 00:00:00+00') AS j_earliest,
           366 * 86400000000 AS j_year,
           coalesce(status = 'open', resolved_at IS NULL AND verified_at IS NULL) AS j_open,
           replace(coalesce(copies, ''), ' ', '') AS j_copies,
           coalesce(resolution_s < 60, false) AS j_fine,
           -- A window read from prose that ended six hours before the first post has a wrong day, year or half of the day.
           coalesce(detected_at_origin = 'proxy' AND started_at <= resolved_at
               AND epoch_us(resolved_at) < epoch_us(detected_at) - 6 * 3600000000, false) AS j_elsewhere
    FROM reports
),
-- A stamp more than a year away from most of the others cannot be of the same incident.
spread AS (
    SELECT *,
           [j_started, j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified] AS j_all,
           greatest(j_started, j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified)
           - least(j_started, j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified) > j_year AS j_wide,
           greatest(j_started, j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified) > j_latest
           OR least(j_started, j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified) < j_earliest AS j_odd
    FROM clocks
),
doubts AS (
    SELECT *,
           CASE WHEN j_wide OR j_odd THEN list_transform(j_all, lambda s:
               s < j_earliest OR s > j_latest
               OR 2 * len(list_filter(j_all, lambda o: abs(o - s) > j_year)) > len(list_filter(j_all, lambda o: o IS NOT NULL)) - 1)
           END AS j_suspect
    FROM spread
),
windows AS (
    SELECT *,
           coalesce(j_suspect[1], false) OR j_elsewhere AS j_suspect_started,
           -- A page that first spoke when all was over does not say when anybody knew.
           coalesce(j_suspect[2], false) OR contains(j_copies, '["detected_at","verified_at"]') AS j_suspect_detected,
           coalesce(j_suspect[3], false) AS j_suspect_acknowledged,
           coalesce(j_suspect[4], false) AS j_suspect_diagnosed,
           coalesce(j_suspect[5], false) OR j_elsewhere
           OR contains(j_copies, '["resolved_at","timer"]') AS j_suspect_resolved,
           coalesce(j_suspect[6], false) AS j_suspect_verified
    FROM doubts
),
trusted AS (
    SELECT *,
           CASE WHEN NOT j_suspect_started THEN j_started END AS t_started,
           CASE WHEN NOT j_suspect_detected THEN j_detected END AS t_detected,
           CASE WHEN NOT j_suspect_acknowledged THEN j_acknowledged END AS t_acknowledged,
           CASE WHEN NOT j_suspect_diagnosed THEN j_diagnosed END AS t_diagnosed,
           CASE WHEN NOT j_suspect_resolved THEN j_resolved END AS t_resolved,
           CASE WHEN NOT j_suspect_verified THEN j_verified END AS t_verified
    FROM windows
),
reversed AS (
    SELECT *,
           coalesce(t_detected < t_started, false)::INTEGER
           + coalesce(t_diagnosed < t_started, false)::INTEGER * 2
           + coalesce(t_resolved < t_started, false)::INTEGER * 4
           + coalesce(t_verified < t_started, false)::INTEGER * 8
           + coalesce(t_diagnosed < t_detected, false)::INTEGER * 16
           + coalesce(t_resolved < t_detected, false)::INTEGER * 32
           + coalesce(t_verified < t_detected, false)::INTEGER * 64
           + coalesce(t_verified < t_resolved, false)::INTEGER * 128 AS j_pattern
    FROM trusted
),
dropped AS (
    SELECT *, CASE WHEN j_pattern > 0 THEN coalesce((SELECT by_pattern FROM fates)[j_pattern + 1], []) ELSE [] END AS j_dropped
    FROM reversed
)
SELECT * EXCLUDE (
           j_started, j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified, j_latest, j_earliest, j_year, j_open,
           j_copies, j_fine, j_elsewhere, j_all, j_wide, j_odd, j_suspect, j_suspect_started, j_suspect_detected, j_suspect_acknowledged,
           j_suspect_diagnosed, j_suspect_resolved, j_suspect_verified, t_started, t_detected, t_acknowledged, t_diagnosed,
           t_resolved, t_verified, j_pattern, j_dropped
       ),
       CASE
           WHEN j_started IS NULL THEN CASE
               WHEN j_open AND coalesce(j_detected, j_acknowledged, j_diagnosed, j_resolved, j_verified) IS NULL THEN 'pending'
               ELSE 'missing' END
           WHEN j_suspect_started THEN 'suspect'
           WHEN list_contains(j_dropped, 'started_at') THEN 'out_of_order'
           WHEN t_started = t_detected AND (j_fine OR contains(j_copies, '["started_at","detected_at"]')) THEN 'defaulted'
           ELSE 'recorded'
       END AS started_at_verdict,
       CASE
           WHEN j_detected IS NULL THEN CASE
               WHEN j_open AND coalesce(j_acknowledged, j_diagnosed, j_resolved, j_verified) IS NULL THEN 'pending'
               ELSE 'missing' END
           WHEN j_suspect_detected THEN 'suspect'
           WHEN list_contains(j_dropped, 'detected_at') THEN 'out_of_order'
           ELSE 'recorded'
       END AS detected_at_verdict,
       CASE
           WHEN j_acknowledged IS NULL THEN CASE
               WHEN j_open AND coalesce(j_diagnosed, j_resolved, j_verified) IS NULL THEN 'pending'
               ELSE 'missing' END
           WHEN j_suspect_acknowledged THEN 'suspect'
           -- Acknowledging ends no phase, so it has no vote; it answers to the first milestone that is left standing.
           WHEN t_acknowledged < CASE
               WHEN NOT list_contains(j_dropped, 'detected_at') AND t_detected IS NOT NULL THEN t_detected
               WHEN NOT list_contains(j_dropped, 'started_at') THEN t_started END THEN 'out_of_order'
           WHEN t_acknowledged = t_detected AND (j_fine OR contains(j_copies, '["acknowledged_at","detected_at"]'))
               THEN 'defaulted'
           ELSE 'recorded'
       END AS acknowledged_at_verdict,
       CASE
           WHEN j_diagnosed IS NULL THEN CASE
               WHEN automated THEN 'not_applicable'
               WHEN j_open AND coalesce(j_resolved, j_verified) IS NULL THEN 'pending'
               ELSE 'missing' END
           WHEN j_suspect_diagnosed THEN 'suspect'
           WHEN list_contains(j_dropped, 'diagnosed_at') THEN 'out_of_order'
           WHEN t_diagnosed = t_detected AND (j_fine OR contains(j_copies, '["diagnosed_at","detected_at"]')) THEN 'defaulted'
           WHEN t_diagnosed = t_resolved AND (j_fine OR contains(j_copies, '["diagnosed_at","resolved_at"]')
               OR contains(j_copies, '["resolved_at","diagnosed_at"]')) THEN 'defaulted'
           ELSE 'recorded'
       END AS diagnosed_at_verdict,
       CASE
           WHEN j_resolved IS NULL THEN CASE WHEN j_open AND j_verified IS NULL THEN 'pending' ELSE 'missing' END
           WHEN j_suspect_resolved THEN 'suspect'
           WHEN list_contains(j_dropped, 'resolved_at') THEN 'out_of_order'
           ELSE 'recorded'
       END AS resolved_at_verdict,
       CASE
           WHEN j_verified IS NULL THEN CASE WHEN j_open THEN 'pending' ELSE 'missing' END
           WHEN j_suspect_verified THEN 'suspect'
           WHEN list_contains(j_dropped, 'verified_at') THEN 'out_of_order'
           WHEN t_verified = t_resolved AND (j_fine OR contains(j_copies, '["verified_at","resolved_at"]')) THEN 'defaulted'
           ELSE 'recorded'
       END AS verified_at_verdict
FROM dropped
