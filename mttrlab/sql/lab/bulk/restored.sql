-- The text without the apostrophe that a table for spreadsheets has before what looks like a formula; NULL stays NULL.
CREATE OR REPLACE TEMP MACRO restored(x) AS
    CASE WHEN x LIKE '''%' AND regexp_matches(x, '^''*[=+@\t\r\x00-]') THEN substring(x, 2) ELSE x END;
