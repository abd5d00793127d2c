-- One row per span of a trace, once however many files hold it. NULL: not said; NULL `parent_id`: a root.
SELECT
    s.trace_id,
    s.span_id,
    s.parent_id,
    coalesce(n.service, trim(s.service)) AS service,
    s.name,
    s.kind,
    s.target,
    s.start_ns,
    s.end_ns,
    s.failed
FROM trace_spans AS s
LEFT JOIN service_names AS n ON n.key = lower(trim(s.service))
QUALIFY row_number() OVER (PARTITION BY s.trace_id, s.span_id ORDER BY s.load_id DESC) = 1
