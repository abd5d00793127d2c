-- One row per stamp that people corrected: what their newest annotation of it says. No NULLs.
-- Newest is what was loaded last, and within one table the row that stands last.
WITH meant AS (
    SELECT
        a.load_id,
        a."row",
        a.stamp,
        a."time",
        min(coalesce(links.leader_id, l.report_id)) AS report_id
    FROM annotations AS a
    JOIN latest AS l ON l.source_id = a.incident_id AND (a.source IS NULL OR l.source = a.source OR l.format = a.source)
    LEFT JOIN links USING (report_id)
    GROUP BY ALL
    HAVING count(DISTINCT coalesce(links.leader_id, l.report_id)) = 1
)

SELECT report_id, stamp, load_id, "row", "time"
FROM meant
QUALIFY row_number() OVER (PARTITION BY report_id, stamp ORDER BY load_id DESC, "row" DESC) = 1
