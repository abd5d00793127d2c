-- One row per source, pair of stamps and spike of 30 minutes or more in their gap: a timer, nobody's work. No NULLs.
-- A spike: at least 20 rows within 1 % (or 90 seconds) of one value, and either a quarter of the gaps or, for the timer of a
-- single service or where people round to the quarter of an hour, 3 % of them and five times what lies around any other
-- value between a third of it and three times it: rounding makes many heaps, a timer makes one. (Below
-- four hours a rounded clock says nothing: its commonest heap is simply the usual time.)
WITH gap AS (
    SELECT source, 'detected_at' AS first_stamp, 'resolved_at' AS last_stamp,
        (epoch_us(resolved_at) - epoch_us(detected_at)) // 1000000 AS seconds, resolved_at AS ended
    FROM latest
    WHERE format = 'pagerduty' OR population = 'page'
    UNION ALL
    SELECT source, 'resolved_at', 'verified_at', (epoch_us(verified_at) - epoch_us(resolved_at)) // 1000000, verified_at
    FROM latest
    UNION ALL
    SELECT source, 'resolved_at', 'closed_at', (epoch_us(closed_at) - epoch_us(resolved_at)) // 1000000, closed_at
    FROM latest
),

counted AS (
    SELECT source, first_stamp, last_stamp, seconds, greatest(seconds // 100, 90) AS tolerance, count(*) AS n,
        count(*) FILTER (WHERE epoch_us(ended) % 900000000 = 0) AS evens
    FROM gap
    WHERE seconds >= 0
    GROUP BY ALL
),

near AS (
    SELECT
        *,
        sum(n) OVER (
            PARTITION BY source, first_stamp, last_stamp
            ORDER BY seconds
            RANGE BETWEEN tolerance PRECEDING AND tolerance FOLLOWING
        )::BIGINT AS "rows",
        sum(n) OVER (PARTITION BY source, first_stamp, last_stamp)::BIGINT AS gaps,
        -- A clock on which nearly everything ends on a quarter of an hour is a person's.
        10 * sum(evens) OVER (PARTITION BY source, first_stamp, last_stamp)
        >= 9 * sum(n) OVER (PARTITION BY source, first_stamp, last_stamp) AS rounded
    FROM counted
),

candidate AS (
    SELECT *
    FROM near
    WHERE seconds >= 1800 AND "rows" >= 20 AND 33 * "rows" >= gaps
),

-- Of neighbouring values, the one with most around it.
peak AS (
    SELECT *
    FROM candidate
    QUALIFY max(("rows", n, -seconds)) OVER (
        PARTITION BY source, first_stamp, last_stamp
        ORDER BY seconds
        RANGE BETWEEN 3 * tolerance PRECEDING AND 3 * tolerance FOLLOWING
    ) = ("rows", n, -seconds)
),

spike AS (
    SELECT p.source, p.first_stamp, p.last_stamp, p.seconds, p.tolerance, p."rows", p.gaps
    FROM peak AS p
    LEFT JOIN near AS o
        ON o.source = p.source AND o.first_stamp = p.first_stamp AND o.last_stamp = p.last_stamp
        AND o.seconds > p.seconds // 3 AND o.seconds < 3 * p.seconds AND abs(o.seconds - p.seconds) > 2 * p.tolerance
    GROUP BY p.source, p.first_stamp, p.last_stamp, p.seconds, p.tolerance, p."rows", p.gaps, p.rounded
    HAVING (4 * p."rows" >= p.gaps AND NOT p.rounded)
        OR ((p.seconds >= 4 * 3600 OR NOT p.rounded) AND p."rows" >= 5 * greatest(coalesce(max(o."rows"), 0), 1))
)

-- `seconds` is the middle of the spike; `usual` its commonest value, by which people know the timer.
SELECT
    s.source, s.first_stamp, s.last_stamp, s.seconds, s.tolerance, s."rows", s.gaps,
    arg_max(c.seconds, 1000000000000 * c.n - c.seconds) AS usual
FROM spike AS s
JOIN counted AS c
    ON c.source = s.source AND c.first_stamp = s.first_stamp AND c.last_stamp = s.last_stamp
    AND abs(c.seconds - s.seconds) <= s.tolerance
GROUP BY ALL
