-- What a cell of a canonical table says, where every reader must say the same; NULL: nothing, or ask the strict reader.
CREATE MACRO stamp_of(x) AS CASE
    -- Twenty bytes from a year to a Z leave each number all of its digits; to the engine, making an instant of microseconds is
    -- nothing, and asking for a time zone is twice the reading.
    WHEN strlen(x) = 20 AND x >= '1971' AND x < '2200' AND suffix(x, 'Z')
        THEN make_timestamptz(epoch_us(try_strptime(x, '%Y-%m-%dT%H:%M:%SZ')))
    WHEN regexp_full_match(
        x,
        '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])'
    ) THEN TRY_CAST(x AS TIMESTAMPTZ)
END;
-- Years at the edge of what is believed are left to the strict reader.
CREATE MACRO sure_stamp(t) AS
    CASE WHEN t >= TIMESTAMPTZ '1971-01-01 00:00:00+00' AND t < TIMESTAMPTZ '2200-01-01 00:00:00+00' THEN t END;
-- Nothing at either end that could be stripped: blanks come in many scripts.
CREATE MACRO is_tidy(x) AS ascii(x) BETWEEN 33 AND 126 AND ascii(right(x, 1)) BETWEEN 33 AND 126;
-- Letters of other scripts that turn into one of ours are left to the strict reader.
CREATE MACRO word_of(x) AS CASE WHEN strlen(lower(x)) = strlen(x) THEN lower(x) END;
CREATE MACRO share_of(x) AS
    CASE WHEN regexp_full_match(x, '0|1|0[.][0-9]{1,15}|1[.]0{1,15}') THEN CAST(x AS DOUBLE) END;
