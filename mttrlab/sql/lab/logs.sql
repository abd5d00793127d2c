-- One row per line of a structured log, once however many files hold it. NULL: not said.
SELECT
    l."at",
    coalesce(n.service, trim(l.service)) AS service,
    l."level",
    l.event,
    l.trace_id,
    l.fields
FROM log_lines AS l
LEFT JOIN service_names AS n ON n.key = lower(trim(l.service))
QUALIFY row_number() OVER (PARTITION BY l.hash ORDER BY l.load_id) = 1
