-- One row: how many incidents of `staged` the lab does not know, knows with other content, and knows just so; and how
-- many are only older than what it has. No NULLs.
WITH known AS (
    SELECT
        source,
        source_id,
        max((coalesce(updated_at, exported_at), exported_at, content_hash)) AS newest,
        list(content_hash) AS hashes
    FROM reports
    SEMI JOIN staged USING (source, source_id)
    GROUP BY ALL
),

met AS (
    SELECT
        staged.source,
        staged.source_id,
        any_value(known.source_id) IS NOT NULL AS known,
        bool_and(coalesce(list_contains(known.hashes, staged.content_hash), false)) AS same,
        coalesce(
            max((coalesce(staged.updated_at, staged.exported_at), staged.exported_at, staged.content_hash))
            < any_value(known.newest), false) AS older
    FROM staged
    LEFT JOIN known ON known.source = staged.source AND known.source_id = staged.source_id
    GROUP BY staged.source, staged.source_id
)

SELECT
    count(*) FILTER (WHERE NOT known)::BIGINT AS "new",
    count(*) FILTER (WHERE known AND NOT same)::BIGINT AS changed,
    count(*) FILTER (WHERE known AND same)::BIGINT AS unchanged,
    count(*) FILTER (WHERE known AND NOT same AND older)::BIGINT AS older
FROM met
