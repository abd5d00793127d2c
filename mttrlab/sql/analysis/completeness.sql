-- One row per pattern of phases that ended in the same incident: `incidents` with exactly that pattern; never NULL.
SELECT
    detect IS NOT NULL AND coalesce(detect_observed, true) AS detect,
    diagnose IS NOT NULL AND coalesce(diagnose_observed, true) AS diagnose,
    resolve IS NOT NULL AND coalesce(resolve_observed, true) AS resolve,
    verify IS NOT NULL AND coalesce(verify_observed, true) AS verify,
    count(*) AS incidents
FROM phases
GROUP BY ALL
