-- One row per incident: the group columns; per clock integer microseconds (NULL: not measured, or still running)
-- and whether it still runs.
SELECT
    COLUMNS($by),
    CASE WHEN coalesce(recovery_observed, true) THEN CAST(round(recovery * 60000000) AS BIGINT) END AS ended_us_recovery,
    CASE WHEN coalesce(started_to_resolved_observed, true) THEN CAST(round(started_to_resolved * 60000000) AS BIGINT) END AS ended_us_started_to_resolved,
    CASE WHEN coalesce(detected_to_verified_observed, true) THEN CAST(round(detected_to_verified * 60000000) AS BIGINT) END AS ended_us_detected_to_verified,
    CASE WHEN coalesce(detected_to_resolved_observed, true) THEN CAST(round(detected_to_resolved * 60000000) AS BIGINT) END AS ended_us_detected_to_resolved,
    recovery IS NOT NULL AND NOT coalesce(recovery_observed, true) AS still_open_recovery,
    started_to_resolved IS NOT NULL AND NOT coalesce(started_to_resolved_observed, true) AS still_open_started_to_resolved,
    detected_to_verified IS NOT NULL AND NOT coalesce(detected_to_verified_observed, true) AS still_open_detected_to_verified,
    detected_to_resolved IS NOT NULL AND NOT coalesce(detected_to_resolved_observed, true) AS still_open_detected_to_resolved
FROM phases
