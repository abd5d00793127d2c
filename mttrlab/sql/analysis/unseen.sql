-- One row per month (first day, UTC) of the first usable stamp: what became an incident, and the pages beside it that
-- ended although nobody took them. Sums are of whole microseconds from detection to the fix, of those that ended.
-- NULL: none ended.
WITH told AS (
    SELECT
        make_timestamptz(epoch_us(date_trunc('month', make_timestamp(least(
            CASE WHEN started_at_verdict = 'recorded' THEN epoch_us(started_at) END,
            CASE WHEN detected_at_verdict = 'recorded' THEN epoch_us(detected_at) END))))) AS month,
        population = 'counted' AS counted,
        population = 'counted' AND (fix_path = 'automation' OR diagnosed_at_verdict = 'not_applicable') AS automatic,
        population = 'page' AS paged,
        population = 'page' AND resolved_at_verdict = 'recorded' AND acknowledged_at_verdict <> 'recorded' AS untaken,
        CASE WHEN detected_at_verdict = 'recorded' AND resolved_at_verdict = 'recorded' AND resolved_at >= detected_at
            THEN epoch_us(resolved_at) - epoch_us(detected_at) END AS us
    FROM records
)
SELECT
    month,
    count_if(counted) AS incidents,
    count_if(coalesce(automatic, false)) AS automated,
    count_if(paged) AS pages,
    count_if(untaken) AS untaken,
    count(us) FILTER (counted) AS n,
    sum(us) FILTER (counted) AS sum_counted,
    count(us) FILTER (untaken) AS n_untaken,
    sum(us) FILTER (untaken) AS sum_untaken,
    quantile_cont(us, 0.5) FILTER (untaken) AS median_untaken
FROM told
WHERE month IS NOT NULL
GROUP BY month
ORDER BY month
