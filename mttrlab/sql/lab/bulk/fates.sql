-- One row per record that does not stay, of those in `candidates` (source, source_id, hash, updated in microseconds):
-- `duplicate` of an accepted one, or refused as `older` or in `conflict`. No NULLs.
WITH states AS (
    SELECT source, source_id, hash, coalesce(any_value(updated), -9223372036854775808) AS updated, min(record) AS first_record
    FROM candidates
    GROUP BY ALL
),

incidents AS (
    SELECT
        source,
        source_id,
        count(*) AS states,
        max(updated) AS newest,
        min(updated) > -9223372036854775808 AND count(*) FILTER (WHERE updated = s.top) = 1 AS certain
    FROM (SELECT *, max(updated) OVER (PARTITION BY source, source_id) AS top FROM states) AS s
    GROUP BY source, source_id
),

judged AS (
    SELECT
        c.record,
        c.source_id,
        CASE
            WHEN i.states = 1 OR (i.certain AND s.updated = i.newest)
                THEN if(c.record = s.first_record, 'stays', 'duplicate')
            WHEN i.certain THEN 'older'
            ELSE 'conflict'
        END AS fate
    FROM candidates AS c
    JOIN states AS s
        ON s.source IS NOT DISTINCT FROM c.source AND s.source_id = c.source_id AND s.hash = c.hash
    JOIN incidents AS i ON i.source IS NOT DISTINCT FROM c.source AND i.source_id = c.source_id
)

SELECT record, source_id, fate
FROM judged
WHERE fate <> 'stays'
ORDER BY record
