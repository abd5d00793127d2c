-- One row per record whose title says something: its type, its population, or that it counts. NULL: not said.
SELECT
    report_id,
    first(value ORDER BY place) FILTER (WHERE kind = 'type') AS incident_type,
    first(value ORDER BY place) FILTER (WHERE kind = 'exclude') AS population,
    bool_or(kind = 'include') AS included
FROM title_hits
JOIN title_patterns USING (place)
GROUP BY report_id
