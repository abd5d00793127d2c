-- One row per two incidents that may be mistaken for each other, or one that came back: `recurrence`, the same failure of
-- the same service within $within minutes of the end of another incident (the nearest one before it); `duplicate`, two
-- records of one source that overlap, on one service, with nearly the same title, begun within $apart minutes;
-- `reopened`, one incident that was resolved more than once. `minutes`: from that end to the start, between the starts,
-- from the first resolution to the last; NULL: not known.
WITH told AS (
    SELECT
        incident_id,
        source,
        service,
        title,
        reopened,
        first_resolved_at,
        resolved_at,
        -- Numbers and signs in a title are hosts, dates and counters: the words tell what failed.
        coalesce('type ' || lower(trim(incident_type)), 'title ' || trim(regexp_replace(lower(title), '[^\p{L}]+', ' ', 'g')))
            AS print,
        least(
            if(started_at_verdict = 'recorded', started_at, NULL),
            if(detected_at_verdict = 'recorded', detected_at, NULL),
            if(acknowledged_at_verdict = 'recorded', acknowledged_at, NULL)
        ) AS begun,
        coalesce(
            if(verified_at_verdict = 'recorded', verified_at, NULL), if(resolved_at_verdict = 'recorded', resolved_at, NULL)
        ) AS ended
    FROM incidents
),

ends AS (
    SELECT incident_id AS other_id, source AS other_source, service, print, ended
    FROM told
    WHERE ended IS NOT NULL AND service IS NOT NULL AND length(print) > 6
),

recurred AS (
    SELECT t.*, e.other_id, e.other_source, e.ended AS earlier
    FROM (SELECT * FROM told WHERE begun IS NOT NULL) AS t
    ASOF JOIN ends AS e ON e.service = t.service AND e.print = t.print AND t.begun >= e.ended
),

slots AS (
    SELECT *, epoch_us(begun) // greatest(($apart * 60000000)::BIGINT, 1) AS slot
    FROM told
    WHERE begun IS NOT NULL AND service IS NOT NULL AND title IS NOT NULL
),

twice AS (
    SELECT a.*, b.incident_id AS other_id, b.source AS other_source, b.begun AS other_begun
    FROM slots AS a
    JOIN (SELECT *, unnest([slot - 1, slot, slot + 1]) AS near_slot FROM slots) AS b
        ON a.source = b.source AND a.service = b.service AND a.slot = b.near_slot
    WHERE (b.begun, b.incident_id) < (a.begun, a.incident_id)
        AND epoch_us(a.begun) - epoch_us(b.begun) <= $apart * 60000000
        AND a.begun <= coalesce(b.ended, a.begun)
        AND (a.print = b.print OR jaro_winkler_similarity(lower(a.title), lower(b.title)) >= 0.92)
)

SELECT 'duplicate' AS kind, incident_id, other_id, source, other_source, service,
    (epoch_us(begun) - epoch_us(other_begun)) / 60000000.0 AS minutes,
    format('both on {}, overlapping, begun {:.0f} minutes apart under nearly the same title: perhaps one incident twice',
        service, (epoch_us(begun) - epoch_us(other_begun)) / 60000000.0) AS reason
FROM twice
UNION ALL
SELECT 'recurrence', incident_id, other_id, source, other_source, service,
    (epoch_us(begun) - epoch_us(earlier)) / 60000000.0,
    format('began {:.0f} minutes after the end of another one with the same {} on {}: another incident',
        (epoch_us(begun) - epoch_us(earlier)) / 60000000.0, split_part(print, ' ', 1), service)
FROM recurred
WHERE epoch_us(begun) - epoch_us(earlier) <= $within * 60000000 AND (source, incident_id) <> (other_source, other_id)
UNION ALL
SELECT 'reopened', incident_id, incident_id, source, source, service,
    (epoch_us(resolved_at) - epoch_us(first_resolved_at)) / 60000000.0,
    'resolved more than once under one id: one incident, which ends at its last resolution'
FROM told
WHERE reopened
ORDER BY kind, incident_id, other_id, source
