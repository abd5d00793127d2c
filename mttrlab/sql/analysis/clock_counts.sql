-- One row per month: of the incidents that are not open, how many carry each clock; how many have minutes, open or not;
-- and when the newest was exported.
WITH judged AS (
    SELECT *,
        coalesce(recovery_observed, true) AND coalesce(started_to_resolved_observed, true)
            AND coalesce(detected_to_verified_observed, true) AND coalesce(detected_to_resolved_observed, true) AS closed
    FROM phases
)
SELECT
    month,
    max(exported_at) AS exported_at,
    count(*) FILTER (closed) AS closed,
    count(recovery) FILTER (closed) AS recovery,
    count(started_to_resolved) FILTER (closed) AS started_to_resolved,
    count(detected_to_verified) FILTER (closed) AS detected_to_verified,
    count(detected_to_resolved) FILTER (closed) AS detected_to_resolved,
    count(recovery) AS recovery_any,
    count(started_to_resolved) AS started_to_resolved_any,
    count(detected_to_verified) AS detected_to_verified_any,
    count(detected_to_resolved) AS detected_to_resolved_any
FROM judged
GROUP BY month
