-- One row per record that shares its incident with another one, beside the record that leads it: `how` is 'key' where
-- the key table ties them, else 'time'. `service` and `minutes` are NULL where no pair of the two was joined by time.
SELECT
    leader.source_id AS incident_id,
    leader.source AS source,
    mine.source_id AS other_source_id,
    mine.source AS other_source,
    near.service,
    near.minutes,
    if(near.decision IS NULL AND tied.report_id IS NOT NULL, 'key', 'time') AS how
FROM links
JOIN latest AS leader ON leader.report_id = links.leader_id
JOIN latest AS mine ON mine.report_id = links.report_id
LEFT JOIN pairs AS near
    ON near.decision = 'join'
    AND least(near.a_id, near.b_id) = least(links.report_id, links.leader_id)
    AND greatest(near.a_id, near.b_id) = greatest(links.report_id, links.leader_id)
LEFT JOIN (
    SELECT DISTINCT l.report_id
    FROM join_keys AS k
    JOIN latest AS l ON l.source_id = k.source_id AND (l.source = k.source OR l.format = k.source)
) AS tied ON tied.report_id = links.report_id
WHERE links.report_id <> links.leader_id
ORDER BY ALL
