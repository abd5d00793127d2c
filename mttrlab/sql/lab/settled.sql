-- One row per record: its newest revision under the team's own names and rule, before joining. NULL: not said.
-- `own` is the population that the record has alone; `weak`: a page that only a join can make an incident.
WITH told AS (
    -- A list of one name says which service it was as well as a column of its own would.
    SELECT
        * REPLACE (coalesce(
            nullif(trim(service), ''),
            if(try(json_array_length(services)) = 1, nullif(trim(try(json_extract_string(services, '$[0]'))), ''), NULL)
        ) AS service)
    FROM latest
),

judged AS (
    SELECT
        r.*,
        r.format = 'pagerduty' OR coalesce(r.population, '') = 'page' AS paging,
        coalesce(t.included, false) OR (
            nullif(trim(r.priority), '') IS NOT NULL
            AND (rule.priorities IS NULL OR list_contains(rule.priorities, lower(trim(r.priority))))
        ) AS strong,
        rule."count" AS rule_count,
        t.incident_type AS titled_type,
        t.population AS titled_population,
        coalesce(n.service, nullif(trim(r.service), '')) AS own_service,
        coalesce(w.severity, r.severity) AS mapped_severity,
        -- A spike in the gap is a timer, or the tool's log says so: the stamp says when the tool gave up waiting.
        p.seconds IS NOT NULL OR coalesce(contains(r.copies, '["resolved_at","timer"]'), false) AS resolved_by_timer,
        v.seconds IS NOT NULL AS verified_by_timer,
        -- Tools mark what was planned; a table of one's own says it in a word or before its title.
        r.format = 'canonical' AND NOT coalesce(t.included, false) AND (
            coalesce(regexp_matches(trim(coalesce(w.severity, r.severity)), '^((scheduled|planned)[ _-]*)?maintenance$|^(scheduled|planned)$', 'i'), false)
            OR coalesce(regexp_matches(trim(r.incident_type), '^((scheduled|planned)[ _-]*)?maintenance$|^(scheduled|planned)$', 'i'), false)
            OR coalesce(regexp_matches(r.title, '^\s*([\[(]\s*(scheduled|planned|maintenance)\b[^\])]*[\])]|(scheduled|planned)\s+maintenance\b)', 'i'), false)
        ) AS planned
    FROM told AS r
    CROSS JOIN rule
    LEFT JOIN titled AS t USING (report_id)
    LEFT JOIN service_names AS n ON n.key = lower(trim(r.service))
    LEFT JOIN severity_words AS w ON w.key = lower(trim(r.severity))
    -- Timers of one source lie further apart than both their tolerances, so no row meets two.
    LEFT JOIN timers AS p
        ON p.source = r.source AND p.last_stamp = 'resolved_at'
        AND abs(((epoch_us(r.resolved_at) - epoch_us(r.detected_at)) // 1000000) - p.seconds) <= p.tolerance
    LEFT JOIN timers AS v
        ON v.source = r.source AND v.last_stamp = 'verified_at'
        AND abs(((epoch_us(r.verified_at) - epoch_us(r.resolved_at)) // 1000000) - v.seconds) <= v.tolerance
)

SELECT
    report_id,
    source,
    source_id,
    format,
    own_service AS service,
    services,
    team,
    mapped_severity AS severity,
    coalesce(incident_type, titled_type) AS incident_type,
    failure_mode,
    title,
    url,
    started_at,
    started_at_verdict,
    started_at_origin,
    detected_at,
    detected_at_verdict,
    detected_at_origin,
    acknowledged_at,
    acknowledged_at_verdict,
    acknowledged_at_origin,
    diagnosed_at,
    diagnosed_at_verdict,
    diagnosed_at_origin,
    resolved_at,
    if(resolved_by_timer AND resolved_at_verdict = 'recorded', 'suspect', resolved_at_verdict) AS resolved_at_verdict,
    resolved_at_origin,
    resolved_by_timer,
    verified_at,
    if(verified_by_timer AND verified_at_verdict = 'recorded', 'suspect', verified_at_verdict) AS verified_at_verdict,
    verified_at_origin,
    verified_by_timer,
    first_resolved_at,
    detected_by,
    fix_path,
    change_id,
    users,
    reopened,
    exported_at,
    paging,
    paging AND NOT strong AS weak,
    CASE
        WHEN population IN ('drill', 'test', 'maintenance', 'cancelled', 'merged') THEN population
        WHEN titled_population IS NOT NULL THEN titled_population
        WHEN planned THEN 'maintenance'
        WHEN NOT paging OR strong OR rule_count = 'all' THEN 'counted'
        ELSE 'page'
    END AS own
FROM judged
