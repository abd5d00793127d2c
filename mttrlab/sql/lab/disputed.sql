-- One row per stamp that people corrected and no duration can use, with why. No NULLs.
SELECT l.source_id AS incident_id, a.stamp, coalesce(j.verdict, 'recorded') AS verdict, a."time" > l.exported_at AS later
FROM annotated AS a
JOIN latest AS l USING (report_id)
JOIN rejudged AS j ON j.report_id = a.report_id AND j.stamp = a.stamp
WHERE j.verdict IN ('out_of_order', 'suspect')
ORDER BY ALL
