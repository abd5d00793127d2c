-- One row per record and source that the key table has tied together: nothing is left to guess between them. No NULLs.
SELECT DISTINCT a.report_id, l.source AS other_source
FROM label AS a
JOIN label AS b ON a.label = b.label AND a.report_id <> b.report_id
JOIN latest AS l ON l.report_id = b.report_id
