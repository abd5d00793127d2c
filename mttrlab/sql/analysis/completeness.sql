-- One row per pattern of phases that ended in the same incident: `incidents` with exactly that pattern; never NULL.
SELECT
    ended_us_detect IS NOT NULL AS detect,
    ended_us_diagnose IS NOT NULL AS diagnose,
    ended_us_resolve IS NOT NULL AS resolve,
    ended_us_verify IS NOT NULL AS verify,
    count(*) AS incidents
FROM phases
GROUP BY ALL
