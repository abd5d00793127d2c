-- One row per two records of different sources that may be one incident: same service, first known stamps within the
-- minutes of the rule, no file that holds both sources. `decision` is 'join', or the reason why nobody can tell. No NULLs.
WITH candidate AS (
    SELECT
        report_id,
        source,
        format,
        weak,
        list_filter(
            list_append(coalesce(try(from_json(services, '["VARCHAR"]')), []), service), lambda name: name IS NOT NULL
        ) AS names,
        -- Implausible stamps must not decide who meets whom.
        epoch_us(coalesce(
            least(
                if(started_at_verdict IN ('recorded', 'defaulted'), started_at, NULL),
                if(detected_at_verdict IN ('recorded', 'defaulted'), detected_at, NULL),
                if(acknowledged_at_verdict IN ('recorded', 'defaulted'), acknowledged_at, NULL),
                if(diagnosed_at_verdict IN ('recorded', 'defaulted'), diagnosed_at, NULL),
                if(resolved_at_verdict IN ('recorded', 'defaulted'), resolved_at, NULL)
            ),
            least(started_at, detected_at, acknowledged_at, diagnosed_at, resolved_at, verified_at)
        )) AS first_us
    FROM settled
    CROSS JOIN rule
    WHERE own = 'counted' OR (own = 'page' AND rule."count" <> 'priority')
),

window_us AS (
    SELECT (within_minutes * 60000000)::BIGINT AS width, greatest(width, 60000000) AS bucket
    FROM rule
),

heard AS (
    SELECT report_id, source, format, weak, first_us, unnest(names) AS name
    FROM candidate
    WHERE first_us IS NOT NULL
),

named AS (
    SELECT DISTINCT
        report_id,
        source,
        format,
        weak,
        first_us,
        first_us // bucket AS slot,
        coalesce(n.service, trim(heard.name)) AS service,
        lower(coalesce(n.service, trim(heard.name))) AS key
    FROM heard
    CROSS JOIN window_us
    LEFT JOIN service_names AS n ON n.key = lower(trim(heard.name))
),

together AS (
    -- Whoever wrote two rows into one file knew that they are two, however often the file is written again.
    SELECT DISTINCT a.source AS a_source, b.source AS b_source
    FROM (SELECT DISTINCT load_id, source FROM held) AS a
    JOIN (SELECT DISTINCT load_id, source FROM held) AS b ON a.load_id = b.load_id AND a.source < b.source
),

near AS (
    SELECT
        a.report_id AS a_id,
        b.report_id AS b_id,
        any_value(a.source) AS a_source,
        any_value(b.source) AS b_source,
        any_value(a.weak) AS a_weak,
        any_value(b.weak) AS b_weak,
        min(a.service) AS service,
        min(abs(a.first_us - b.first_us)) / 60000000.0 AS minutes
    FROM named AS a
    CROSS JOIN window_us
    JOIN (SELECT *, unnest([slot - 1, slot, slot + 1]) AS near_slot FROM named) AS b
        ON a.key = b.key AND a.slot = b.near_slot AND a.source < b.source
    LEFT JOIN together ON together.a_source = a.source AND together.b_source = b.source
    WHERE abs(a.first_us - b.first_us) <= width AND NOT (together.a_source IS NOT NULL AND a.format = b.format)
    GROUP BY a.report_id, b.report_id
),

free AS (
    -- An explicit key has spoken for these.
    SELECT near.*
    FROM near
    ANTI JOIN keyed AS k ON k.report_id = near.a_id AND k.other_source = near.b_source
    ANTI JOIN keyed AS j ON j.report_id = near.b_id AND j.other_source = near.a_source
),

preferred AS (
    SELECT *
    FROM free
    QUALIFY NOT (b_weak AND bool_or(NOT b_weak) OVER (PARTITION BY a_id, b_source))
        AND NOT (a_weak AND bool_or(NOT a_weak) OVER (PARTITION BY b_id, a_source))
),

counted AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY a_id, b_source) AS for_a,
        count(*) OVER (PARTITION BY b_id, a_source) AS for_b
    FROM preferred
)

SELECT
    a_id,
    b_id,
    service,
    minutes,
    CASE
        WHEN for_a = 1 AND for_b = 1 THEN 'join'
        WHEN for_a > 1 AND for_b > 1
            THEN format('{} {} and {} {} records fit each other', for_b, a_source, for_a, b_source)
        WHEN for_a > 1 THEN format('{} {} records fit this {} record', for_a, b_source, a_source)
        ELSE format('{} {} records fit this {} record', for_b, a_source, b_source)
    END AS decision
FROM counted
