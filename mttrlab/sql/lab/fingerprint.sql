-- One row: a number that is the same for the same newest revisions in any order, and how many there are. No NULLs.
SELECT
    coalesce(bit_xor(md5_number(concat_ws(chr(31), source, source_id, content_hash, epoch_us(exported_at)))), 0)::VARCHAR
        AS mixed,
    count(*)::BIGINT AS records
FROM latest
