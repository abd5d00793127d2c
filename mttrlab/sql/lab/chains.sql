-- Joins by time that would, together, make two records of one source or file the same incident: left apart, and said so.
UPDATE pairs
SET decision = format('together with other joins it would make several {} records one incident', crowd.source)
FROM (
    SELECT label.label, coalesce(min(l.source), 'of the file''s') AS source
    FROM (
        SELECT label.label, l.source
        FROM label
        JOIN latest AS l USING (report_id)
        LEFT JOIN key_label AS k USING (report_id)
        GROUP BY label.label, l.source
        HAVING count(DISTINCT coalesce(k.label, label.report_id)) > 1
        UNION ALL
        SELECT label.label, NULL AS source
        FROM label
        JOIN latest AS l USING (report_id)
        LEFT JOIN key_label AS k USING (report_id)
        GROUP BY label.label, l.load_id
        HAVING count(DISTINCT coalesce(k.label, label.report_id)) > 1
    ) AS l
    JOIN (SELECT DISTINCT label FROM label) AS label ON label.label = l.label
    GROUP BY label.label
) AS crowd, label AS mine
WHERE pairs.decision = 'join' AND mine.report_id = pairs.a_id AND mine.label = crowd.label
