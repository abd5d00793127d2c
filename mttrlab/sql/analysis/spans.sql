-- One row per incident and span between neighbouring usable milestones; never NULL. Spans of an incident add up to
-- the time from its first usable milestone to its last, or to exported_at while it is open.
WITH placed AS (
    SELECT
        -- A frame brings the place of each row; a lab has none.
        COLUMNS('^(row|incident_id)$'),
        [
            CASE WHEN started_at_verdict = 'recorded' THEN epoch_us(started_at) END,
            CASE WHEN detected_at_verdict = 'recorded' THEN epoch_us(detected_at) END,
            -- A diagnosis after the fix ends no phase: detected to resolved stays whole.
            CASE WHEN diagnosed_at_verdict = 'recorded' AND diagnosed_at <= coalesce(
                CASE WHEN resolved_at_verdict = 'recorded' THEN resolved_at END,
                CASE WHEN verified_at_verdict = 'recorded' THEN verified_at END,
                diagnosed_at) THEN epoch_us(diagnosed_at) END,
            CASE WHEN resolved_at_verdict = 'recorded' THEN epoch_us(resolved_at) END,
            CASE WHEN verified_at_verdict = 'recorded' THEN epoch_us(verified_at) END
        ] AS stamps,
        [
            coalesce(started_at_verdict, '') = 'pending',
            coalesce(detected_at_verdict, '') = 'pending',
            coalesce(diagnosed_at_verdict, '') = 'pending',
            coalesce(resolved_at_verdict, '') = 'pending',
            coalesce(verified_at_verdict, '') = 'pending'
        ] AS ahead,
        epoch_us(exported_at) AS now
    FROM incidents
),
known AS (
    SELECT *, list_filter([1, 2, 3, 4, 5], lambda i: stamps[i] IS NOT NULL) AS places FROM placed
),
ended AS (
    SELECT *, list_filter([1, 2, 3, 4, 5], lambda i: ahead[i] AND i > places[-1])[1] AS next_place FROM known
),
pairs AS (
    SELECT COLUMNS('^(row|incident_id)$'), places[i] AS place, places[i + 1] AS until, stamps[places[i + 1]] - stamps[places[i]] AS us,
        true AS observed
    FROM ended, unnest(range(1, len(places))) AS steps(i)
    UNION ALL
    SELECT COLUMNS('^(row|incident_id)$'), places[-1], next_place, now - stamps[places[-1]], false
    FROM ended
    WHERE next_place IS NOT NULL
)
SELECT
    COLUMNS('^(row|incident_id)$'),
    place,
    (['detect', 'diagnose', 'resolve', 'verify'])[place] AS first_phase,
    (['detect', 'diagnose', 'resolve', 'verify'])[until - 1] AS last_phase,
    us / 6e7 AS minutes,
    observed
FROM pairs
WHERE us >= 0
