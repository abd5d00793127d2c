-- One row per firing of an alert, with or without an incident: those of files of firings, and every page of PagerDuty.
-- NULL `ended_at`: still firing when the file was taken, or its end is in none of the files; other NULLs: not said.
WITH own AS (
    SELECT
        f.alert,
        coalesce(n.service, trim(f.service)) AS service,
        f.severity,
        f.started_at,
        max(f.ended_at) AS ended_at,
        f.source,
        arg_max(f.summary, f.load_id) AS summary,
        f."key"
    FROM fired AS f
    LEFT JOIN service_names AS n ON n.key = lower(trim(f.service))
    GROUP BY f.alert, 2, f.severity, f.started_at, f.source, f."key"
)

SELECT * FROM own
UNION ALL
SELECT
    coalesce(title, source_id) AS alert,
    service,
    severity,
    detected_at AS started_at,
    resolved_at AS ended_at,
    source,
    NULL AS summary,
    source_id AS "key"
FROM settled
WHERE paging AND detected_at IS NOT NULL
