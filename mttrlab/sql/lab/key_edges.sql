-- One row per record that a line of the key table ties to the first record of that line. No NULLs.
SELECT
    first(l.report_id) OVER (PARTITION BY k."row" ORDER BY l.source, l.source_id) AS a_id,
    l.report_id AS b_id
FROM join_keys AS k
JOIN latest AS l ON l.source_id = k.source_id AND (l.source = k.source OR l.format = k.source)
QUALIFY a_id <> b_id
