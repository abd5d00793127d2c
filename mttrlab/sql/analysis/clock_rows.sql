-- One row per incident: the group columns; per clock, in the order of the schema, whole microseconds (NULL: not
-- measured, or still running) and whether it still runs.
SELECT
    COLUMNS($by),
    ended_us_recovery AS us_1,
    ended_us_started_to_resolved AS us_2,
    ended_us_detected_to_verified AS us_3,
    ended_us_detected_to_resolved AS us_4,
    -- Clocks contain one another: they have no shares.
    CAST(NULL AS BIGINT) AS whole,
    recovery IS NOT NULL AND NOT coalesce(recovery_observed, true) AS still_open_1,
    started_to_resolved IS NOT NULL AND NOT coalesce(started_to_resolved_observed, true) AS still_open_2,
    detected_to_verified IS NOT NULL AND NOT coalesce(detected_to_verified_observed, true) AS still_open_3,
    detected_to_resolved IS NOT NULL AND NOT coalesce(detected_to_resolved_observed, true) AS still_open_4
FROM phases
