-- One row per incident or other record of every population that one record tells of and no person corrected.
-- NULL stamps: see the verdict beside them; other NULLs: not said.
SELECT
    source_id AS incident_id,
    source,
    -- A post may name many components; no single one of them is the service that was hit.
    coalesce(service, if(coalesce(try(json_array_length(services)), 0) > 1, 'several services', NULL)) AS service,
    team,
    severity,
    incident_type,
    failure_mode,
    title,
    url,
    started_at,
    started_at_verdict,
    started_at_origin,
    detected_at,
    detected_at_verdict,
    detected_at_origin,
    acknowledged_at,
    acknowledged_at_verdict,
    acknowledged_at_origin,
    diagnosed_at,
    diagnosed_at_verdict,
    diagnosed_at_origin,
    resolved_at,
    resolved_at_verdict,
    resolved_at_origin,
    verified_at,
    verified_at_verdict,
    verified_at_origin,
    first_resolved_at,
    detected_by,
    fix_path,
    change_id,
    users,
    reopened,
    own AS population,
    exported_at
FROM settled
ANTI JOIN links USING (report_id)
ANTI JOIN annotated USING (report_id)
