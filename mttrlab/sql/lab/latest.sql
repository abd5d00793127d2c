-- One row per record of a source, as its newest revision says; NULL as in `held`.
-- Older revisions are few and listed, so that a lab of one source needs no window pass to leave them out.
SELECT held.*, loads.format
FROM held
JOIN loads USING (load_id)
ANTI JOIN superseded USING (report_id)
