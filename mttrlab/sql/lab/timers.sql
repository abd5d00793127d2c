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
)

SELECT source, first_stamp, last_stamp, seconds, tolerance, "rows", gaps
FROM near
WHERE seconds >= 1800 AND "rows" >= 20 AND 4 * "rows" >= gaps
QUALIFY row_number() OVER (
    PARTITION BY source, first_stamp, last_stamp ORDER BY "rows" DESC, n DESC, seconds
) = 1
