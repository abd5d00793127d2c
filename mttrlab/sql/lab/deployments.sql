-- One row per deployment, under the team's own names; of several files the newest load's words stand. NULL: not said.
SELECT
    d."at",
    coalesce(n.service, trim(d.service)) AS service,
    d.version,
    arg_max(d.status, d.load_id) AS status,
    arg_max(d.change_id, d.load_id) AS change_id
FROM deployed AS d
LEFT JOIN service_names AS n ON n.key = lower(trim(d.service))
GROUP BY d."at", 2, d.version
