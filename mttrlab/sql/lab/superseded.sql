-- One row per revision that a newer one replaces, among the records of `touched`. No NULLs.
-- Newest by what the source says of its own last change, so that the order of loading never matters.
WITH several AS (
    SELECT source, source_id
    FROM reports
    SEMI JOIN touched USING (source, source_id)
    GROUP BY ALL
    HAVING count(*) > 1
)

SELECT report_id
FROM reports
SEMI JOIN several USING (source, source_id)
QUALIFY row_number() OVER (
    PARTITION BY source, source_id
    ORDER BY coalesce(updated_at, exported_at) DESC, exported_at DESC, content_hash DESC
) > 1
