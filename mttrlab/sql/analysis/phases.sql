-- One row per incident: all its columns, `month` of its first usable stamp, minutes per phase and per clock.
-- `fix_ahead`, `check_ahead`: open, and not yet resolved, verified. `everything`: one group for all.
-- `ended_us_*`: the same in whole microseconds, of the ended ones alone.
-- NULL minutes: an end is unknown or its stamp is not usable. `*_observed` false: still running at exported_at.
WITH usable AS (
    SELECT *,
        CASE WHEN started_at_verdict = 'recorded' THEN epoch_us(started_at) END AS us_s,
        CASE WHEN detected_at_verdict = 'recorded' THEN epoch_us(detected_at) END AS us_t,
        CASE WHEN acknowledged_at_verdict = 'recorded' THEN epoch_us(acknowledged_at) END AS us_a,
        CASE WHEN diagnosed_at_verdict = 'recorded' THEN epoch_us(diagnosed_at) END AS us_any_d,
        CASE WHEN resolved_at_verdict = 'recorded' THEN epoch_us(resolved_at) END AS us_r,
        CASE WHEN verified_at_verdict = 'recorded' THEN epoch_us(verified_at) END AS us_v,
        -- While an incident is open its next milestone lies ahead; a missing end is no open end.
        CASE WHEN detected_at_verdict = 'pending' THEN epoch_us(exported_at) END AS now_t,
        CASE WHEN diagnosed_at_verdict = 'pending' THEN epoch_us(exported_at) END AS now_d,
        CASE WHEN resolved_at_verdict = 'pending' THEN epoch_us(exported_at) END AS now_r,
        CASE WHEN verified_at_verdict = 'pending' THEN epoch_us(exported_at) END AS now_v
    FROM incidents
),
-- Diagnosed after the fix: detected to resolved is one span, so neither of its two phases has minutes.
placed AS (
    SELECT *, CASE WHEN us_any_d <= coalesce(us_r, us_v, us_any_d) THEN us_any_d END AS us_d FROM usable
),
lengths AS (
    SELECT *,
        coalesce(us_t, now_t) - us_s AS us_detect,
        coalesce(us_d, now_d) - us_t AS us_diagnose,
        coalesce(us_r, now_r) - us_d AS us_resolve,
        coalesce(us_v, now_v) - us_r AS us_verify,
        coalesce(us_v, now_v) - us_s AS us_recovery,
        coalesce(us_r, now_r) - us_s AS us_started_to_resolved,
        coalesce(us_v, now_v) - us_t AS us_detected_to_verified,
        coalesce(us_r, now_r) - us_t AS us_detected_to_resolved
    FROM placed
)
SELECT
    * EXCLUDE (us_s, us_t, us_a, us_any_d, us_d, us_r, us_v, now_t, now_d, now_r, now_v, us_detect, us_diagnose, us_resolve,
        us_verify, us_recovery, us_started_to_resolved, us_detected_to_verified, us_detected_to_resolved),
    -- On plain microseconds: truncating a time with a zone costs as much as all the rest.
    make_timestamptz(epoch_us(date_trunc('month', make_timestamp(least(us_s, us_t, us_a, us_any_d, us_r, us_v))))) AS month,
    coalesce(resolved_at_verdict, '') = 'pending' AS fix_ahead,
    coalesce(verified_at_verdict, '') = 'pending' AS check_ahead,
    'all' AS everything,
    CASE WHEN us_detect >= 0 THEN us_detect / 6e7 END AS detect,
    CASE WHEN us_diagnose >= 0 THEN us_diagnose / 6e7 END AS diagnose,
    CASE WHEN us_resolve >= 0 THEN us_resolve / 6e7 END AS resolve,
    CASE WHEN us_verify >= 0 THEN us_verify / 6e7 END AS verify,
    CASE WHEN us_recovery >= 0 THEN us_recovery / 6e7 END AS recovery,
    CASE WHEN us_started_to_resolved >= 0 THEN us_started_to_resolved / 6e7 END AS started_to_resolved,
    CASE WHEN us_detected_to_verified >= 0 THEN us_detected_to_verified / 6e7 END AS detected_to_verified,
    CASE WHEN us_detected_to_resolved >= 0 THEN us_detected_to_resolved / 6e7 END AS detected_to_resolved,
    CASE WHEN us_detect >= 0 THEN us_t IS NOT NULL END AS detect_observed,
    CASE WHEN us_diagnose >= 0 THEN us_d IS NOT NULL END AS diagnose_observed,
    CASE WHEN us_resolve >= 0 THEN us_r IS NOT NULL END AS resolve_observed,
    CASE WHEN us_verify >= 0 THEN us_v IS NOT NULL END AS verify_observed,
    CASE WHEN us_recovery >= 0 THEN us_v IS NOT NULL END AS recovery_observed,
    CASE WHEN us_started_to_resolved >= 0 THEN us_r IS NOT NULL END AS started_to_resolved_observed,
    CASE WHEN us_detected_to_verified >= 0 THEN us_v IS NOT NULL END AS detected_to_verified_observed,
    CASE WHEN us_detected_to_resolved >= 0 THEN us_r IS NOT NULL END AS detected_to_resolved_observed,
    CASE WHEN us_detect >= 0 AND us_t IS NOT NULL THEN us_detect END AS ended_us_detect,
    CASE WHEN us_diagnose >= 0 AND us_d IS NOT NULL THEN us_diagnose END AS ended_us_diagnose,
    CASE WHEN us_resolve >= 0 AND us_r IS NOT NULL THEN us_resolve END AS ended_us_resolve,
    CASE WHEN us_verify >= 0 AND us_v IS NOT NULL THEN us_verify END AS ended_us_verify,
    CASE WHEN us_recovery >= 0 AND us_v IS NOT NULL THEN us_recovery END AS ended_us_recovery,
    CASE WHEN us_started_to_resolved >= 0 AND us_r IS NOT NULL THEN us_started_to_resolved END AS ended_us_started_to_resolved,
    CASE WHEN us_detected_to_verified >= 0 AND us_v IS NOT NULL THEN us_detected_to_verified END AS ended_us_detected_to_verified,
    CASE WHEN us_detected_to_resolved >= 0 AND us_r IS NOT NULL THEN us_detected_to_resolved END AS ended_us_detected_to_resolved
FROM lengths
