-- One row per incident whose stamps come from several records or from people, before people are heard; the few that
-- need a second look. NULL as in `settled`.
SELECT * FROM merged
UNION ALL BY NAME
SELECT
    * EXCLUDE (source_id, own, format, services, paging, weak)
    REPLACE (coalesce(service, if(coalesce(try(json_array_length(services)), 0) > 1, 'several services', NULL)) AS service),
    source_id AS incident_id,
    own AS population
FROM settled
SEMI JOIN annotated USING (report_id)
ANTI JOIN links USING (report_id)
