-- One row per group with a complete incident: its share of the mean by phase, of the incidents that have all of the
-- phases asked for, and of their worst tenth. Phases that were not asked for are zero.
WITH ended AS (
    SELECT
        COLUMNS($by),
        -- A number joins faster than the columns, and names empty ones too.
        hash(row(*COLUMNS($by))) AS key,
        CASE WHEN $detect THEN ended_us_detect ELSE 0 END AS us_detect,
        CASE WHEN $diagnose THEN ended_us_diagnose ELSE 0 END AS us_diagnose,
        CASE WHEN $resolve THEN ended_us_resolve ELSE 0 END AS us_resolve,
        CASE WHEN $verify THEN ended_us_verify ELSE 0 END AS us_verify
    FROM phases
),
complete AS (
    SELECT *, us_detect + us_diagnose + us_resolve + us_verify AS us_total
    FROM ended
    WHERE us_detect + us_diagnose + us_resolve + us_verify IS NOT NULL
),
worst AS (
    SELECT key, quantile_cont(us_total, 0.9) AS us_p90, max(us_total) AS us_max FROM complete GROUP BY key
),
placed AS (
    SELECT complete.* EXCLUDE (key), us_total > us_p90 OR us_total = us_max AS tail
    FROM complete JOIN worst ON complete.key = worst.key
)
SELECT
    COLUMNS($by),
    count(*) AS complete,
    count(*) FILTER (tail) AS in_tail,
    sum(us_detect) / sum(us_total) AS detect,
    sum(us_diagnose) / sum(us_total) AS diagnose,
    sum(us_resolve) / sum(us_total) AS resolve,
    sum(us_verify) / sum(us_total) AS verify,
    sum(us_detect) FILTER (tail) / sum(us_total) FILTER (tail) AS detect_tail,
    sum(us_diagnose) FILTER (tail) / sum(us_total) FILTER (tail) AS diagnose_tail,
    sum(us_resolve) FILTER (tail) / sum(us_total) FILTER (tail) AS resolve_tail,
    sum(us_verify) FILTER (tail) / sum(us_total) FILTER (tail) AS verify_tail,
    sum(us_total) / 6e7 / count(*) AS mean
FROM placed
GROUP BY ALL
