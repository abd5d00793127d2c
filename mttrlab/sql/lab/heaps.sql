-- One row per source and stamp that people seem to have rounded: at least 20 recorded stamps, six tenths of them at
-- multiples of five minutes where chance gives a fifth of the minutes. No NULLs.
WITH counted AS (
    SELECT
        source,
        unnest([
            {'stamp': 'started_at', 'n': count(*) FILTER (WHERE started_at_verdict = 'recorded'),
                'heaped': count(*) FILTER (WHERE started_at_verdict = 'recorded' AND epoch_us(started_at) % 300000000 = 0)},
            {'stamp': 'detected_at', 'n': count(*) FILTER (WHERE detected_at_verdict = 'recorded'),
                'heaped': count(*) FILTER (WHERE detected_at_verdict = 'recorded' AND epoch_us(detected_at) % 300000000 = 0)},
            {'stamp': 'diagnosed_at', 'n': count(*) FILTER (WHERE diagnosed_at_verdict = 'recorded'),
                'heaped': count(*) FILTER (WHERE diagnosed_at_verdict = 'recorded' AND epoch_us(diagnosed_at) % 300000000 = 0)},
            {'stamp': 'resolved_at', 'n': count(*) FILTER (WHERE resolved_at_verdict = 'recorded'),
                'heaped': count(*) FILTER (WHERE resolved_at_verdict = 'recorded' AND epoch_us(resolved_at) % 300000000 = 0)},
            {'stamp': 'verified_at', 'n': count(*) FILTER (WHERE verified_at_verdict = 'recorded'),
                'heaped': count(*) FILTER (WHERE verified_at_verdict = 'recorded' AND epoch_us(verified_at) % 300000000 = 0)}
        ], recursive := true)
    FROM latest
    GROUP BY source
)

SELECT source, stamp, n, heaped
FROM counted
WHERE n >= 20 AND 10 * heaped >= 6 * n
ORDER BY source, stamp
