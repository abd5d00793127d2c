-- One row per stamp that is missing or of no use and whose filling would give a phase or the lead clock to an incident
-- that counts ($month: of incidents that begin in it; NULL: of all), most useful first, at most $count. Useful: the
-- incident's known minutes times, for each phase or clock that it would give, one over the observations there are + 1.
-- $lead: the lead clock; NULL: the widest that half of the closed incidents carry. Empty texts: nothing is known.
WITH usable AS (
    SELECT
        *,
        if(started_at_verdict = 'recorded', started_at, NULL) AS s,
        if(detected_at_verdict = 'recorded', detected_at, NULL) AS d,
        if(diagnosed_at_verdict = 'recorded', diagnosed_at, NULL) AS g,
        if(resolved_at_verdict = 'recorded', resolved_at, NULL) AS r,
        if(verified_at_verdict = 'recorded', verified_at, NULL) AS v,
        verified_at_verdict <> 'pending' AND resolved_at_verdict <> 'pending' AS closed
    FROM incidents
),

observed AS (
    SELECT
        count(*) FILTER (WHERE s IS NOT NULL AND d IS NOT NULL) AS detect,
        count(*) FILTER (WHERE d IS NOT NULL AND g IS NOT NULL) AS diagnose,
        count(*) FILTER (WHERE g IS NOT NULL AND r IS NOT NULL) AS resolve,
        count(*) FILTER (WHERE r IS NOT NULL AND v IS NOT NULL) AS verify,
        count(*) FILTER (WHERE closed AND s IS NOT NULL AND v IS NOT NULL) AS recovery,
        count(*) FILTER (WHERE closed AND s IS NOT NULL AND r IS NOT NULL) AS started_to_resolved,
        count(*) FILTER (WHERE closed AND d IS NOT NULL AND v IS NOT NULL) AS detected_to_verified,
        count(*) FILTER (WHERE closed AND d IS NOT NULL AND r IS NOT NULL) AS detected_to_resolved,
        count(*) FILTER (WHERE closed) AS closed
    FROM usable
),

lead_clock AS (
    SELECT coalesce($lead, CASE
        WHEN 2 * recovery >= closed THEN 'recovery'
        WHEN 2 * started_to_resolved >= closed THEN 'started_to_resolved'
        WHEN 2 * detected_to_verified >= closed THEN 'detected_to_verified'
        ELSE 'detected_to_resolved'
    END) AS name
    FROM observed
),

wanted AS (
    SELECT
        u.*,
        unnest([
            {'place': 1, 'milestone': 'started_at', 'verdict': started_at_verdict, 'stamp': started_at},
            {'place': 2, 'milestone': 'detected_at', 'verdict': detected_at_verdict, 'stamp': detected_at},
            {'place': 3, 'milestone': 'diagnosed_at', 'verdict': diagnosed_at_verdict, 'stamp': diagnosed_at},
            {'place': 4, 'milestone': 'resolved_at', 'verdict': resolved_at_verdict, 'stamp': resolved_at},
            {'place': 5, 'milestone': 'verified_at', 'verdict': verified_at_verdict, 'stamp': verified_at}
        ], recursive := true),
        (epoch_us(greatest(s, d, g, r, v)) - epoch_us(least(s, d, g, r, v))) / 60000000.0 AS minutes,
        least(started_at, detected_at, acknowledged_at, diagnosed_at, resolved_at, verified_at) AS first_at
    FROM usable AS u
),

gains AS (
    SELECT
        w.*,
        list_filter([
            if(place IN (1, 2) AND if(place = 1, d, s) IS NOT NULL, {'what': 'detect', 'n': o.detect}, NULL),
            if(place IN (2, 3) AND if(place = 2, g, d) IS NOT NULL, {'what': 'diagnose', 'n': o.diagnose}, NULL),
            if(place IN (3, 4) AND if(place = 3, r, g) IS NOT NULL, {'what': 'resolve', 'n': o.resolve}, NULL),
            if(place IN (4, 5) AND if(place = 4, v, r) IS NOT NULL, {'what': 'verify', 'n': o.verify}, NULL),
            if(c.name = 'recovery' AND place IN (1, 5) AND if(place = 1, v, s) IS NOT NULL,
                {'what': c.name, 'n': o.recovery}, NULL),
            if(c.name = 'started_to_resolved' AND place IN (1, 4) AND if(place = 1, r, s) IS NOT NULL,
                {'what': c.name, 'n': o.started_to_resolved}, NULL),
            if(c.name = 'detected_to_verified' AND place IN (2, 5) AND if(place = 2, v, d) IS NOT NULL,
                {'what': c.name, 'n': o.detected_to_verified}, NULL),
            if(c.name = 'detected_to_resolved' AND place IN (2, 4) AND if(place = 2, r, d) IS NOT NULL,
                {'what': c.name, 'n': o.detected_to_resolved}, NULL)
        ], lambda gain: gain IS NOT NULL) AS gain
    FROM wanted AS w, observed AS o, lead_clock AS c
    WHERE verdict IN ('missing', 'defaulted', 'out_of_order', 'suspect')
        AND ($month IS NULL OR strftime(first_at, '%Y-%m') = $month)
),

around AS (
    SELECT
        *,
        list_filter([
            {'place': 1, 'said': 'started_at ' || strftime(s, '%Y-%m-%dT%H:%M:%SZ')},
            {'place': 2, 'said': 'detected_at ' || strftime(d, '%Y-%m-%dT%H:%M:%SZ')},
            {'place': 3, 'said': 'diagnosed_at ' || strftime(g, '%Y-%m-%dT%H:%M:%SZ')},
            {'place': 4, 'said': 'resolved_at ' || strftime(r, '%Y-%m-%dT%H:%M:%SZ')},
            {'place': 5, 'said': 'verified_at ' || strftime(v, '%Y-%m-%dT%H:%M:%SZ')}
        ], lambda known: known.said IS NOT NULL) AS known,
        greatest(minutes, 1) * list_sum(list_transform(gain, lambda one: 1.0 / (one.n + 1))) AS score
    FROM gains
    WHERE len(gain) > 0
)

SELECT
    incident_id,
    source,
    milestone,
    coalesce(title, '') AS title,
    coalesce(service, '') AS service,
    coalesce(url, '') AS url,
    coalesce(list_filter(known, lambda known_one: known_one.place < around.place)[-1].said, '') AS "before",
    coalesce(list_filter(known, lambda known_one: known_one.place > around.place)[1].said, '') AS "after",
    verdict || coalesce(' ' || strftime(stamp, '%Y-%m-%dT%H:%M:%SZ'), '') AS stands,
    array_to_string(list_transform(gain, lambda one: one.what), ', ') AS gives
FROM around
ORDER BY score DESC, first_at, source, incident_id, place
LIMIT $count
