-- One row per source and pair of stamps whose gap has a spike of 30 minutes or more: a timer, nobody's work.
-- At least 20 rows and a quarter of the gaps lie within 1 % (or 90 seconds) of one value. No NULLs.
WITH gap AS (
    SELECT
        source,
        unnest([
            {'first_stamp': 'detected_at', 'last_stamp': 'resolved_at', 'seconds': if(
                format = 'pagerduty' OR coalesce(population, '') = 'page',
                (epoch_us(resolved_at) - epoch_us(detected_at)) // 1000000, NULL)},
            {'first_stamp': 'resolved_at', 'last_stamp': 'verified_at',
                'seconds': (epoch_us(verified_at) - epoch_us(resolved_at)) // 1000000},
            {'first_stamp': 'resolved_at', 'last_stamp': 'closed_at',
                'seconds': (epoch_us(closed_at) - epoch_us(resolved_at)) // 1000000}
        ], recursive := true)
    FROM latest
),

counted AS (
    SELECT source, first_stamp, last_stamp, seconds, greatest(seconds // 100, 90) AS tolerance, count(*) AS n
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
        sum(n) OVER (PARTITION BY source, first_stamp, last_stamp)::BIGINT AS gaps
    FROM counted
),

spike AS (
    SELECT *
    FROM near
    WHERE seconds >= 1800 AND "rows" >= 20 AND 4 * "rows" >= gaps
    QUALIFY row_number() OVER (
        PARTITION BY source, first_stamp, last_stamp ORDER BY "rows" DESC, n DESC, seconds
    ) = 1
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
