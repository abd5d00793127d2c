-- One row: a number that is the same for the same newest revisions and corrections in any order, and how many records
-- there are. No NULLs.
WITH said AS (
    SELECT md5_number(concat_ws(chr(31), source, source_id, content_hash, epoch_us(exported_at))) AS mixed, 1 AS record
    FROM reports ANTI JOIN superseded USING (report_id)
    UNION ALL
    SELECT md5_number(concat_ws(chr(31), source, source_id, stamp, epoch_us("time"))) AS mixed, 0 AS record
    FROM annotated
    JOIN latest USING (report_id)
)

SELECT coalesce(bit_xor(mixed), 0)::VARCHAR AS mixed, coalesce(sum(record), 0)::BIGINT AS records
FROM said
