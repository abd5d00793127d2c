-- What the systems said, one table a kind, as the files say it; NULL: not said. Instants of metrics are microseconds
-- since 1970 (`at`), those of spans nanoseconds. `metric_series` has one row per load and service, to find both ends.
CREATE TABLE metric_samples (
    load_id BIGINT, service VARCHAR, "at" BIGINT, error_rate DOUBLE, latency_p95 DOUBLE, throughput DOUBLE
);
CREATE TABLE metric_series (load_id BIGINT, service VARCHAR, samples BIGINT, first_at BIGINT, last_at BIGINT);
CREATE TABLE deployed (
    load_id BIGINT, "at" TIMESTAMPTZ, service VARCHAR, version VARCHAR, status VARCHAR, change_id VARCHAR
);
CREATE TABLE fired (
    load_id BIGINT, alert VARCHAR, service VARCHAR, severity VARCHAR, started_at TIMESTAMPTZ, ended_at TIMESTAMPTZ,
    source VARCHAR, summary VARCHAR, "key" VARCHAR
);
CREATE TABLE log_lines (
    load_id BIGINT, "at" TIMESTAMPTZ, service VARCHAR, "level" VARCHAR, event VARCHAR, trace_id VARCHAR, fields VARCHAR,
    hash VARCHAR
);
CREATE TABLE trace_spans (
    load_id BIGINT, trace_id VARCHAR, span_id VARCHAR, parent_id VARCHAR, service VARCHAR, name VARCHAR, kind VARCHAR,
    target VARCHAR, start_ns BIGINT, end_ns BIGINT, failed BOOLEAN
);
