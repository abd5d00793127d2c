-- One row per stamp that people corrected, or that telemetry gives where nobody recorded one: what the newest annotation
-- of it says, else the newest derivation. No NULLs.
-- Newest is what was loaded last, and within one table the row that stands last.
WITH meant AS (
    SELECT
        a.load_id,
        a."row",
        a.stamp,
        a."time",
        if(any_value(loads.format) = 'derived', 'derived', 'annotated') AS origin,
        min(coalesce(links.leader_id, l.report_id)) AS report_id
    FROM annotations AS a
    JOIN loads USING (load_id)
    JOIN latest AS l ON l.source_id = a.incident_id AND (a.source IS NULL OR l.source = a.source OR l.format = a.source)
    LEFT JOIN links USING (report_id)
    GROUP BY a.load_id, a."row", a.stamp, a."time"
    HAVING count(DISTINCT coalesce(links.leader_id, l.report_id)) = 1
),

derived AS (
    SELECT DISTINCT report_id FROM meant WHERE origin = 'derived'
),

said AS (
    SELECT report_id, started_at_verdict, detected_at_verdict, acknowledged_at_verdict, diagnosed_at_verdict,
        resolved_at_verdict, verified_at_verdict
    FROM merged SEMI JOIN derived USING (report_id)
    UNION ALL
    SELECT report_id, started_at_verdict, detected_at_verdict, acknowledged_at_verdict, diagnosed_at_verdict,
        resolved_at_verdict, verified_at_verdict
    FROM settled SEMI JOIN derived USING (report_id) ANTI JOIN links USING (report_id)
),

recorded AS (
    SELECT report_id, unnest([
        if(started_at_verdict = 'recorded', 'started_at', ''), if(detected_at_verdict = 'recorded', 'detected_at', ''),
        if(acknowledged_at_verdict = 'recorded', 'acknowledged_at', ''),
        if(diagnosed_at_verdict = 'recorded', 'diagnosed_at', ''),
        if(resolved_at_verdict = 'recorded', 'resolved_at', ''),
        if(verified_at_verdict = 'recorded', 'verified_at', '')
    ]) AS stamp
    FROM said
)

SELECT report_id, stamp, load_id, "row", "time", origin
FROM meant
WHERE origin = 'annotated' OR (report_id, stamp) NOT IN (SELECT (report_id, stamp) FROM recorded)
QUALIFY row_number() OVER (PARTITION BY report_id, stamp ORDER BY origin, load_id DESC, "row" DESC) = 1
