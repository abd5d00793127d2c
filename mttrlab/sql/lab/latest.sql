-- One row per record of a source, as its newest revision says; NULL as in `held`.
-- Older revisions are few and listed, so that a lab of one source needs no window pass to leave them out.
SELECT
    held.* REPLACE (
        coalesce(held.title, fuller.title) AS title,
        coalesce(held.url, fuller.url) AS url,
        coalesce(held.service, fuller.service) AS service,
        coalesce(held.services, fuller.services) AS services,
        coalesce(held.team, fuller.team) AS team,
        coalesce(held.detected_by, fuller.detected_by) AS detected_by,
        coalesce(held.acknowledged_at, fuller.acknowledged_at) AS acknowledged_at,
        if(held.acknowledged_at IS NULL AND fuller.acknowledged_at IS NOT NULL,
            fuller.acknowledged_at_verdict, held.acknowledged_at_verdict) AS acknowledged_at_verdict,
        coalesce(held.acknowledged_at_origin, fuller.acknowledged_at_origin) AS acknowledged_at_origin,
        coalesce(held.first_resolved_at, fuller.first_resolved_at) AS first_resolved_at,
        coalesce(held.reopened, fuller.reopened) AS reopened
    ),
    loads.format
FROM held
JOIN loads USING (load_id)
ANTI JOIN superseded USING (report_id)
LEFT JOIN fuller USING (report_id)
