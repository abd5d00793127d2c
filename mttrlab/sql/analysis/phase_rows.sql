-- One row per incident: the group columns; per phase integer microseconds (NULL: not measured, or still running)
-- and whether it still runs.
SELECT
    COLUMNS($by),
    CASE WHEN coalesce(detect_observed, true) THEN CAST(round(detect * 60000000) AS BIGINT) END AS ended_us_detect,
    CASE WHEN coalesce(diagnose_observed, true) THEN CAST(round(diagnose * 60000000) AS BIGINT) END AS ended_us_diagnose,
    CASE WHEN coalesce(resolve_observed, true) THEN CAST(round(resolve * 60000000) AS BIGINT) END AS ended_us_resolve,
    CASE WHEN coalesce(verify_observed, true) THEN CAST(round(verify * 60000000) AS BIGINT) END AS ended_us_verify,
    detect IS NOT NULL AND NOT coalesce(detect_observed, true) AS still_open_detect,
    diagnose IS NOT NULL AND NOT coalesce(diagnose_observed, true) AS still_open_diagnose,
    resolve IS NOT NULL AND NOT coalesce(resolve_observed, true) AS still_open_resolve,
    verify IS NOT NULL AND NOT coalesce(verify_observed, true) AS still_open_verify
FROM phases
