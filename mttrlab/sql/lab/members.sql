-- One row per record that shares its incident with another: the group's leader, and its place in the order of
-- precedence (1 leads). No NULLs.
WITH placed AS (
    SELECT
        label.label,
        label.report_id,
        row_number() OVER (
            PARTITION BY label.label
            ORDER BY coalesce(own.place, kind.place, 1000), l.source, l.source_id
        ) AS place
    FROM label
    JOIN latest AS l USING (report_id)
    LEFT JOIN precedence AS own ON own.source = l.source
    LEFT JOIN precedence AS kind ON kind.source = l.format
)

SELECT report_id, first(report_id) OVER (PARTITION BY label ORDER BY place) AS leader_id, place
FROM placed
