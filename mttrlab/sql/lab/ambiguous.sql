-- One row per two records that may be one incident and were left apart because more than one answer fits. No NULLs.
SELECT
    a.source AS source,
    a.source_id AS source_id,
    b.source AS other_source,
    b.source_id AS other_source_id,
    pairs.service,
    pairs.minutes,
    pairs.decision AS reason
FROM pairs
JOIN reports AS a ON a.report_id = pairs.a_id
JOIN reports AS b ON b.report_id = pairs.b_id
WHERE pairs.decision <> 'join'
ORDER BY ALL
