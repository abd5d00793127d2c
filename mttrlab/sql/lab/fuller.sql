-- One row per newest revision of a pager's record that older ones add to; NULL: none of them says.
-- A pager empties its acknowledgements on resolving, and a row of its Analytics has no log: what an older revision said
-- is not taken back by a newer one that cannot say it. (In a table that people keep, an emptied cell is a correction.)
WITH old AS (
    SELECT reports.*, (coalesce(updated_at, reports.exported_at), reports.exported_at, content_hash) AS age
    FROM reports
    SEMI JOIN superseded USING (report_id)
    JOIN loads ON loads.load_id = reports.load_id AND loads.format = 'pagerduty'
),

ack AS (
    SELECT
        source,
        source_id,
        arg_max({'at': acknowledged_at, 'verdict': acknowledged_at_verdict, 'origin': acknowledged_at_origin}, age) AS last
    FROM old
    WHERE acknowledged_at IS NOT NULL
    GROUP BY ALL
),

said AS (
    SELECT
        source,
        source_id,
        arg_max(title, age) AS title,
        arg_max(url, age) AS url,
        arg_max(service, age) AS service,
        arg_max(services, age) AS services,
        arg_max(team, age) AS team,
        arg_max(detected_by, age) AS detected_by,
        arg_max(first_resolved_at, age) AS first_resolved_at,
        arg_max(reopened, age) AS reopened
    FROM old
    GROUP BY ALL
)

SELECT
    newest.report_id,
    said.title,
    said.url,
    said.service,
    said.services,
    said.team,
    said.detected_by,
    ack.last."at" AS acknowledged_at,
    ack.last.verdict AS acknowledged_at_verdict,
    ack.last.origin AS acknowledged_at_origin,
    said.first_resolved_at,
    said.reopened
FROM said
JOIN (FROM reports ANTI JOIN superseded USING (report_id)) AS newest
    ON newest.source = said.source AND newest.source_id = said.source_id
LEFT JOIN ack ON ack.source = said.source AND ack.source_id = said.source_id
