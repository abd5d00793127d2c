-- One row per annotation that names no incident of this lab, or more than one, with the reason. No NULLs.
SELECT
    a.load_id,
    a."row",
    a.incident_id,
    if(
        count(l.report_id) = 0,
        'names no record of this lab' || if(a.source IS NULL, '', ' from ' || any_value(a.source))
        || '; it takes effect when that record is loaded',
        'names records of several incidents (' || string_agg(DISTINCT l.source, ', ' ORDER BY l.source)
        || '); write the source beside it'
    ) AS reason
FROM annotations AS a
LEFT JOIN latest AS l ON l.source_id = a.incident_id AND (a.source IS NULL OR l.source = a.source OR l.format = a.source)
LEFT JOIN links USING (report_id)
GROUP BY a.load_id, a."row", a.incident_id, a.source
HAVING count(DISTINCT coalesce(links.leader_id, l.report_id)) <> 1
