-- One row per record of $population (NULL: all) whose first usable stamp (without one: its first) is at or after $since
-- and before $until (NULL: no bound). Records without any stamp are left out only where a bound is given. In every row:
-- `longest_ended`, the minutes of the longest counted incident that ended, of all in the lab; `all_ended`, how many did.
SELECT * EXCLUDE (first_at, ended_us)
FROM (
    SELECT *,
        max(ended_us / 6e7) FILTER (WHERE population = 'counted') OVER () AS longest_ended,
        count(ended_us) FILTER (WHERE population = 'counted') OVER () AS all_ended
    FROM (
        SELECT *,
            coalesce(
                least(
                    if(started_at_verdict = 'recorded', started_at, NULL),
                    if(detected_at_verdict = 'recorded', detected_at, NULL),
                    if(acknowledged_at_verdict = 'recorded', acknowledged_at, NULL),
                    if(diagnosed_at_verdict = 'recorded', diagnosed_at, NULL),
                    if(resolved_at_verdict = 'recorded', resolved_at, NULL),
                    if(verified_at_verdict = 'recorded', verified_at, NULL)
                ),
                least(started_at, detected_at, acknowledged_at, diagnosed_at, resolved_at, verified_at)
            ) AS first_at,
            greatest(
                if(resolved_at_verdict = 'recorded', epoch_us(resolved_at), NULL),
                if(verified_at_verdict = 'recorded', epoch_us(verified_at), NULL)
            ) - least(
                if(started_at_verdict = 'recorded', epoch_us(started_at), NULL),
                if(detected_at_verdict = 'recorded', epoch_us(detected_at), NULL)
            ) AS ended_us
        FROM records
    )
)
WHERE ($population IS NULL OR population = $population)
    AND ($since::TIMESTAMPTZ IS NULL OR first_at >= $since)
    AND ($until::TIMESTAMPTZ IS NULL OR first_at < $until)
ORDER BY first_at NULLS LAST, source, incident_id
