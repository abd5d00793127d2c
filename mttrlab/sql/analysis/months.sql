-- One row per month (first day, UTC) of the first usable stamp: incidents, and those whose clock has no end yet.
-- NULL month: incidents without a usable stamp.
SELECT
    month,
    count(*) AS incidents,
    count(*) FILTER (CASE WHEN $verified THEN check_ahead ELSE fix_ahead END) AS open
FROM phases
GROUP BY month
