-- One row per record of a source, as its newest revision says; NULL as in `reports`.
-- Older revisions are few and listed, so that a lab of one source needs no window pass to leave them out.
SELECT reports.*, loads.format
FROM reports
JOIN loads USING (load_id)
ANTI JOIN superseded USING (report_id)
