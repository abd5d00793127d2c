-- One row per incident in which every phase asked for has ended: minutes per phase, zero for those not asked for.
SELECT detect, diagnose, resolve, verify
FROM (
    SELECT
        CASE WHEN NOT $detect THEN 0 WHEN coalesce(detect_observed, true) THEN detect END AS detect,
        CASE WHEN NOT $diagnose THEN 0 WHEN coalesce(diagnose_observed, true) THEN diagnose END AS diagnose,
        CASE WHEN NOT $resolve THEN 0 WHEN coalesce(resolve_observed, true) THEN resolve END AS resolve,
        CASE WHEN NOT $verify THEN 0 WHEN coalesce(verify_observed, true) THEN verify END AS verify
    FROM phases
)
WHERE detect + diagnose + resolve + verify IS NOT NULL
