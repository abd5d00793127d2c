-- One row per incident: the group columns; per clock, in the order of the schema, whole microseconds (NULL: not
-- measured, or still running) and whether its end is still ahead, its start known or not.
SELECT
    COLUMNS($by),
    ended_us_recovery AS us_1,
    ended_us_started_to_resolved AS us_2,
    ended_us_detected_to_verified AS us_3,
    ended_us_detected_to_resolved AS us_4,
    -- Clocks contain one another: they have no shares.
    CAST(NULL AS BIGINT) AS whole,
    check_ahead AS still_open_1,
    fix_ahead AS still_open_2,
    check_ahead AS still_open_3,
    fix_ahead AS still_open_4
FROM phases
