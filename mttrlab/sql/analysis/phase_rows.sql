-- One row per incident: the group columns; per phase, in the order of the schema, whole microseconds (NULL: not
-- measured, or still running) and whether it still runs.
SELECT
    COLUMNS($by),
    ended_us_detect AS us_1,
    ended_us_diagnose AS us_2,
    ended_us_resolve AS us_3,
    ended_us_verify AS us_4,
    -- Of an incident that has all four; shares are of these.
    ended_us_detect + ended_us_diagnose + ended_us_resolve + ended_us_verify AS whole,
    detect IS NOT NULL AND NOT coalesce(detect_observed, true) AS still_open_1,
    diagnose IS NOT NULL AND NOT coalesce(diagnose_observed, true) AS still_open_2,
    resolve IS NOT NULL AND NOT coalesce(resolve_observed, true) AS still_open_3,
    verify IS NOT NULL AND NOT coalesce(verify_observed, true) AS still_open_4
FROM phases
