-- One row per incident and clock: the group columns, `measure`, integer `us` and `observed`; NULL: not measured.
SELECT
    COLUMNS($by),
    measure,
    CAST(round(minutes * 60000000) AS BIGINT) AS us,
    CASE WHEN minutes IS NOT NULL THEN coalesce(observed, true) END AS observed
FROM (
    SELECT COLUMNS($by), recovery, started_to_resolved, detected_to_verified, detected_to_resolved,
        recovery_observed,
        started_to_resolved_observed,
        detected_to_verified_observed,
        detected_to_resolved_observed
    FROM phases
) UNPIVOT INCLUDE NULLS ((minutes, observed) FOR measure IN (
    (recovery, recovery_observed) AS 'recovery',
    (started_to_resolved, started_to_resolved_observed) AS 'started_to_resolved',
    (detected_to_verified, detected_to_verified_observed) AS 'detected_to_verified',
    (detected_to_resolved, detected_to_resolved_observed) AS 'detected_to_resolved'
))
