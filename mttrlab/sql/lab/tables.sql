-- Every table of a lab beside `reports` and the settings; NULL means: not said. `reports` is made from the schema.
CREATE SEQUENCE report_ids;
CREATE TABLE meta (name VARCHAR, value VARCHAR);
CREATE TABLE loads (
    load_id BIGINT, path VARCHAR, name VARCHAR, sha256 VARCHAR, size BIGINT, format VARCHAR, source VARCHAR,
    timezone VARCHAR, as_of VARCHAR, "rows" BIGINT, accepted BIGINT, quarantined BIGINT, duplicates BIGINT,
    "new" BIGINT, changed BIGINT, unchanged BIGINT, exported_at TIMESTAMPTZ, exported_at_from VARCHAR,
    warnings VARCHAR, loaded_at TIMESTAMPTZ, version VARCHAR, people BOOLEAN, "columns" VARCHAR
);
CREATE TABLE quarantine (load_id BIGINT, "row" BIGINT, "column" VARCHAR, value VARCHAR, reason VARCHAR);
-- What people corrected, as they wrote it, and what was derived from telemetry (the format of the load says which);
-- `incident_id` may name no record yet.
CREATE TABLE annotations (
    load_id BIGINT, "row" BIGINT, incident_id VARCHAR, source VARCHAR, stamp VARCHAR, "time" TIMESTAMPTZ,
    who VARCHAR, why VARCHAR
);
-- What files of practices say, as JSON, one row a file.
CREATE TABLE practices (load_id BIGINT, said VARCHAR);
-- What the settings say, one table a setting that the views need.
CREATE TABLE service_names (key VARCHAR, service VARCHAR);
CREATE TABLE severity_words (key VARCHAR, severity VARCHAR);
CREATE TABLE precedence (source VARCHAR, place BIGINT);
CREATE TABLE rule ("count" VARCHAR, priorities VARCHAR[], within_minutes DOUBLE);
CREATE TABLE title_patterns (kind VARCHAR, place BIGINT, pattern VARCHAR, value VARCHAR);
CREATE TABLE join_keys ("row" BIGINT, source VARCHAR, source_id VARCHAR);
-- What follows from reports and settings and is dear to find: rewritten with each of them, in the same transaction.
CREATE TABLE superseded (report_id BIGINT);
CREATE TABLE fuller (
    report_id BIGINT, title VARCHAR, url VARCHAR, service VARCHAR, services VARCHAR, team VARCHAR, detected_by VARCHAR,
    acknowledged_at TIMESTAMPTZ, acknowledged_at_verdict VARCHAR, acknowledged_at_origin VARCHAR,
    first_resolved_at TIMESTAMPTZ, reopened BOOLEAN
);
CREATE TABLE titled (report_id BIGINT, incident_type VARCHAR, population VARCHAR, included BOOLEAN);
CREATE TABLE timers (
    source VARCHAR, first_stamp VARCHAR, last_stamp VARCHAR, seconds BIGINT, tolerance BIGINT,
    "rows" BIGINT, gaps BIGINT, usual BIGINT
);
CREATE TABLE pairs (a_id BIGINT, b_id BIGINT, service VARCHAR, minutes DOUBLE, decision VARCHAR);
CREATE TABLE links (report_id BIGINT, leader_id BIGINT, place BIGINT);
CREATE TABLE rejudged (report_id BIGINT, stamp VARCHAR, verdict VARCHAR);
CREATE TABLE annotated (
    report_id BIGINT, stamp VARCHAR, load_id BIGINT, "row" BIGINT, "time" TIMESTAMPTZ, origin VARCHAR
);
