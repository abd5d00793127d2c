-- One row per record of $population (NULL: all) whose first known stamp is at or after $since and before $until
-- (NULL: no bound). Records without any stamp are left out only where a bound is given.
SELECT * EXCLUDE (first_at)
FROM (
    SELECT *, least(started_at, detected_at, acknowledged_at, diagnosed_at, resolved_at, verified_at) AS first_at
    FROM records
)
WHERE ($population IS NULL OR population = $population)
    AND ($since::TIMESTAMPTZ IS NULL OR first_at >= $since)
    AND ($until::TIMESTAMPTZ IS NULL OR first_at < $until)
ORDER BY first_at NULLS LAST, source, incident_id
