-- One row per incident and phase: the group columns, `measure`, integer `us` and `observed`; NULL: not measured.
SELECT
    COLUMNS($by),
    measure,
    CAST(round(minutes * 60000000) AS BIGINT) AS us,
    CASE WHEN minutes IS NOT NULL THEN coalesce(observed, true) END AS observed
FROM (
    SELECT COLUMNS($by), detect, diagnose, resolve, verify,
        detect_observed,
        diagnose_observed,
        resolve_observed,
        verify_observed
    FROM phases
) UNPIVOT INCLUDE NULLS ((minutes, observed) FOR measure IN (
    (detect, detect_observed) AS 'detect',
    (diagnose, diagnose_observed) AS 'diagnose',
    (resolve, resolve_observed) AS 'resolve',
    (verify, verify_observed) AS 'verify'
))
