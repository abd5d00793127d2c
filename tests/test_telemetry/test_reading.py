"""Files of telemetry: every record is accepted, refused with a reason, or a duplicate, in whatever form it comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mttrlab.errors import LoadError
from mttrlab.sources.telemetry import Telemetry, read_telemetry, recognise


def _read(folder: Path, name: str, content: str | list | dict, **options: Any) -> Telemetry:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    found = read_telemetry(path, **options)
    assert found.accepted + len(found.quarantine) + found.duplicates == found.rows
    return found


def _matrix(*series: tuple[dict, list]) -> dict:
    result = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


METRICS = """time,service,error_rate,latency_p95,throughput
2026-03-01T12:00:30Z,pay,0.2,120,50
2026-03-01T12:00:00+01:00,pay,0.1,110,50
2026-03-01T12:01:00Z,pay,NaN,,+Inf
2026-03-01T12:01:30Z,pay,-1,100,50
2026-03-01T12:02:00Z,pay,101,100,50
2026-03-01T12:02:30Z,pay,fast,100,50
2026-03-01T12:00:30Z,pay,0.2,120,50
2026-03-01T12:00:30Z,pay,0.3,120,50
2026-03-01T12:03:00Z,,0.3,120,50
,pay,0.3,120,50
2026-03-01T12:03:30Z,pay,1
"""


def test_a_table_of_metrics_keeps_what_can_be_and_says_why_of_the_rest(tmp_path: Path) -> None:
    found = _read(tmp_path, "m.csv", METRICS)
    assert found.kind == "metrics" and found.rows == 11 and found.accepted == 3 and found.duplicates == 1
    assert found.table["error_rate"].tolist()[:2] == [0.1, 0.2]
    assert found.table.loc[2, ["error_rate", "latency_p95", "throughput"]].isna().all()
    reasons = dict(zip(found.quarantine["row"], found.quarantine["reason"], strict=True))
    assert reasons[5] == "is below zero, which no rate, time or share can be"
    assert reasons[6] == "is above 100 percent"
    assert reasons[7] == "is no number"
    assert reasons[9] == "another row says something else of the same service and instant"
    assert reasons[10] == "is empty: no service"
    assert "nobody can tell when" in reasons[11]
    assert reasons[12] == "has 3 cells where the header has 5"
    assert any("1 samples say no data" in note for note in found.warnings)
    assert any("1 samples stand before older ones" in note for note in found.warnings)


def test_a_long_table_gives_the_same_rows_as_a_wide_one(tmp_path: Path) -> None:
    wide = _read(tmp_path, "w.csv", "at,service,error_rate,throughput\n2026-03-01T12:00:00Z,pay,0.2,50\n")
    long = _read(tmp_path, "l.csv", "at,service,metric,value\n2026-03-01T12:00:00Z,pay,error_rate,0.2\n"
                 "2026-03-01T12:00:00Z,pay,throughput,50\n2026-03-01T12:00:00Z,pay,apdex,1\n")  # fmt: skip
    assert long.table.equals(wide.table)
    assert "is no measure of ours" in long.quarantine["reason"].iloc[0]


def test_times_without_a_zone_are_refused_until_the_zone_is_said(tmp_path: Path) -> None:
    text = "time,service,error_rate\n2026-03-01 12:00,pay,0.2\n"
    with pytest.raises(LoadError, match=r"m\.csv row 2: time '2026-03-01 12:00' has no time zone; pass timezone="):
        _read(tmp_path, "m.csv", text)
    found = _read(tmp_path, "m.csv", text, timezone="Europe/Berlin")
    assert found.table["at"].iloc[0].isoformat() == "2026-03-01T11:00:00+00:00"


def test_shares_seconds_and_counters_are_told_and_never_scaled(tmp_path: Path) -> None:
    rows = [f"{1772366400 + 30 * n},pay,{0.01 * (n % 9)},{0.1 + n % 3 / 10},{100 + n}" for n in range(20)]
    found = _read(tmp_path, "m.csv", "\n".join(["time,service,error_rate,latency_p95,throughput", *rows]) + "\n")
    assert found.table["error_rate"].max() == pytest.approx(0.08)
    told = " / ".join(found.warnings)
    assert "error_rate never exceeds 1 for pay" in told and "latency_p95 never reaches 10 for pay" in told
    assert "throughput only ever rises for pay: it looks like a counter" in told
    assert "20 times are numbers, read as seconds since 1970 (UTC)" in told


def test_a_range_query_is_mapped_by_its_names(tmp_path: Path) -> None:
    found = _read(tmp_path, "q.json", _matrix(
        ({"__name__": "service:error_ratio", "service": "pay"}, [[1772366400, "0.084"], [1772366430.5, "NaN"]]),
        ({"__name__": "http_p95_seconds", "service": "pay"}, [[1772366400, "1.24"], [1772366430.5, "+Inf"]]),
        ({"__name__": "rps", "job": "pay"}, [[1772366400, "340"]]),
    ))  # fmt: skip
    first = found.table.iloc[0]
    assert (first["error_rate"], first["latency_p95"], first["throughput"]) == pytest.approx((8.4, 1240, 340))
    assert found.table["at"].iloc[1].isoformat() == "2026-03-01T12:00:30.500000+00:00"
    assert found.table.iloc[1][["error_rate", "latency_p95"]].isna().all()
    assert any("times 100 is error_rate, as its name says" in note for note in found.warnings)


def test_a_series_without_a_name_takes_the_measure_of_the_file(tmp_path: Path) -> None:
    answer = _matrix(({"service": "pay"}, [[1772366400, "3.2"]]))
    assert _read(tmp_path, "error_rate.json", answer).table["error_rate"].tolist() == [3.2]
    refused = _read(tmp_path, "query.json", answer)
    assert refused.accepted == 0 and "says no measure of ours" in refused.quarantine["reason"].iloc[0]


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ([({"__name__": "http_requests_total", "service": "pay"}, [[1772366400, "3"]])], "is a counter, not a rate"),
        ([({"__name__": "error_rate", "pod": "a"}, [[1772366400, "3"]])], "names no service"),
        ([({"__name__": "error_rate", "service": "pay", "pod": pod}, [[1772366400, "3"]]) for pod in "ab"],
         "is one of 2 series for error_rate of pay; aggregate"),
        ([({"__name__": "error_rate", "service": "pay"}, [["soon", "3"]])], "is no pair of a time"),
        ([({"__name__": "error_rate", "service": "pay"}, [[1772366400, "300"]])], "is above 100 percent"),
    ],
)  # fmt: skip
def test_series_that_cannot_be_read_are_refused_with_what_to_do(tmp_path: Path, series: list, reason: str) -> None:
    found = _read(tmp_path, "q.json", _matrix(*series))
    assert found.accepted == 0
    assert found.quarantine["reason"].str.contains(reason).all()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"status": "error", "errorType": "bad_data", "error": "parse error"}, "is an error of Prometheus"),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, "without a series"),
        ({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}}, "not matrix"),
        ([], "is no answer of Prometheus, which is an object; ask /api/v1/query_range"),
        ([_matrix(({"__name__": "error_rate", "service": "pay"}, [[1772366400, "3"]]))], "no answer of Prometheus"),
    ],
)
def test_answers_without_metrics_are_refused_in_a_sentence(tmp_path: Path, answer: dict | list, sentence: str) -> None:
    with pytest.raises(LoadError, match=sentence):
        _read(tmp_path, "q.json", answer, format="prometheus")


def _alert(name: str, start: str, end: str = "0001-01-01T00:00:00Z", status: str = "firing", **labels: str) -> dict:
    return {"status": status, "labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} is on"},
            "startsAt": start, "endsAt": end, "fingerprint": name[:4]}  # fmt: skip


def test_a_firing_and_its_resolution_are_one_row(tmp_path: Path) -> None:
    start = "2026-03-03T09:52:26.739266876+02:00"
    log = [
        {"version": "4", "alerts": [_alert("HighErrors", start, severity="critical", service="pay"),
                                    _alert("DiskFull", "2026-03-03T01:00:00Z")]},
        {"version": "4", "alerts": [_alert("HighErrors", start, severity="critical", service="pay")]},
        {"version": "4", "alerts": [
            _alert("HighErrors", start, "2026-03-03T10:12:00+02:00", "resolved", severity="critical", service="pay")]},
    ]  # fmt: skip
    found = _read(tmp_path, "alerts.jsonl", "\n".join(map(json.dumps, log)) + "\n")
    assert (found.rows, found.accepted, found.duplicates) == (4, 3, 1)
    high, disk = (found.table[found.table["alert"] == name].iloc[0] for name in ("HighErrors", "DiskFull"))
    assert high["started_at"].isoformat() == "2026-03-03T07:52:26.739266+00:00"
    assert high["ended_at"].isoformat() == "2026-03-03T08:12:00+00:00"
    assert (high["service"], high["severity"], high["summary"]) == ("pay", "critical", "HighErrors is on")
    assert disk["ended_at"] is not disk["ended_at"] or str(disk["ended_at"]) == "NaT"


def test_alerts_that_end_before_they_fire_or_have_no_name_are_refused(tmp_path: Path) -> None:
    found = _read(tmp_path, "a.json", {"alerts": [
        _alert("A", "2026-03-03T10:00:00Z", "2026-03-03T09:00:00Z", "resolved"), {"labels": {}}, "junk",
        {"labels": {"alertname": "B"}, "startsAt": "0001-01-01T00:00:00Z"},
    ]})  # fmt: skip
    assert found.accepted == 0
    assert found.quarantine["reason"].str.contains("before it fires|no name|no labels|nobody can tell").all()


SEED_LOG = """{"payment_id": "p1", "amount": 10, "user_id": "u-77", "service": "payment-service", "version": "2.4.1", \
"event": "payment.processing.started", "level": "info", "timestamp": "2026-03-01T12:00:00.123456Z"}
{"payment_id": "p1", "error_type": "CardError", "error_code": "declined", "error_message": "card of ana@example.com \
declined", "event": "payment.processing.failed", "level": "error", "timestamp": 1772366401.5}
{"event": "fraud.checked", "service": "fraud-service", "level": "info", "timestamp": "2026-03-01T12:00:02Z"}
not json at all
{"event": "no time", "level": "info"}
{"level": "info", "timestamp": "2026-03-01T12:00:02Z"}
{"event": "twice", "event": "twice", "timestamp": "2026-03-01T12:00:02Z"}
[1, 2]
"""


def test_the_founding_log_names_its_service_once_and_all_its_lines_belong_to_it(tmp_path: Path) -> None:
    found = _read(tmp_path, "app.log", SEED_LOG)
    assert found.accepted == 3 and len(found.quarantine) == 5
    failed = found.table[found.table["event"] == "payment.processing.failed"].iloc[0]
    assert failed["service"] == "payment-service" and failed["level"] == "error"
    assert any("another line with the same id" in note for note in found.warnings)


def test_people_and_secrets_of_a_log_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    found = _read(tmp_path, "app.log", SEED_LOG)
    kept = " ".join(found.table["fields"].dropna())
    assert "u-77" not in kept and "ana@example.com" not in kept and "declined" in kept
    assert any("left out, as they look like people or secrets: user_id (1)" in note for note in found.warnings)
    asked = _read(tmp_path, "app.log", SEED_LOG, keep_people=True)
    assert "u-77" in " ".join(asked.table["fields"].dropna())


def test_a_huge_line_is_refused_alone(tmp_path: Path) -> None:
    line = json.dumps({"event": "ok", "timestamp": "2026-03-01T12:00:02Z"})
    huge = json.dumps({"event": "x" * 1_100_000, "timestamp": "2026-03-01T12:00:02Z"})
    found = _read(tmp_path, "app.jsonl", f"{line}\n{huge}\n")
    assert found.accepted == 1 and "more than the limit" in found.quarantine["reason"].iloc[0]


def _span(own: str, parent: str, start: int, end: int, **more: Any) -> dict:
    base = 1772366400_000_000_000
    return {"traceId": "AB" * 16, "spanId": own * 8, "parentSpanId": parent * 8, "name": own,
            "startTimeUnixNano": str(base + start), "endTimeUnixNano": str(base + end), **more}  # fmt: skip


def _otlp(*spans: dict, service: str = "pay") -> dict:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def test_spans_keep_their_nanoseconds_their_service_and_what_they_called(tmp_path: Path) -> None:
    found = _read(tmp_path, "t.json", _otlp(
        _span("aa", "", 0, 900, kind=2),
        _span("bb", "aa", 100, 801, kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR"},
              attributes=[{"key": "db.system", "value": {"stringValue": "postgresql"}},
                          {"key": "enduser.id", "value": {"stringValue": "ana"}}]),
    ))  # fmt: skip
    root, child = (found.table[found.table["name"] == name].iloc[0] for name in ("aa", "bb"))
    assert child["end_ns"] - child["start_ns"] == 701 and child["parent_id"] == root["span_id"]
    assert (child["service"], child["kind"], child["target"], bool(child["failed"])) == (
        "pay", "client", "postgresql", True)  # fmt: skip
    assert root["kind"] == "server" and not root["failed"]
    assert "ana" not in found.table.to_string()


def test_spans_of_negative_length_without_ids_or_times_are_refused(tmp_path: Path) -> None:
    found = _read(tmp_path, "t.json", _otlp(
        _span("aa", "", 900, 0), _span("bb", "", 0, 1, traceId=""), _span("cc", "", 0, 1, startTimeUnixNano=None),
        _span("dd", "ee", 0, 1),
    ))  # fmt: skip
    assert found.accepted == 1 and len(found.quarantine) == 3
    assert any("1 spans have a parent that is not in the file" in note for note in found.warnings)


def test_deployments_come_under_the_names_that_tools_use(tmp_path: Path) -> None:
    found = _read(tmp_path, "d.csv", "deployed_at,app,tag,state,pr\n2026-03-01T14:32:00Z,pay,v2.4.1,succeeded,812\n"
                  "2026-03-01T14:32:00Z,pay,v2.4.1,succeeded,812\n2026-03-01T14:32:00Z,pay,v2.4.1,failed,812\n",
                  format="deployments")  # fmt: skip
    assert (found.accepted, found.duplicates, len(found.quarantine)) == (1, 1, 1)
    assert found.table.iloc[0][["service", "version", "status", "change_id"]].tolist() == [
        "pay", "v2.4.1", "succeeded", "812"]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "format_name"),
    [
        (METRICS, "metrics"),
        ("time,service,version\n", "deployments"),
        ("alert,service,severity,started_at,ended_at\n", "firings"),
        (SEED_LOG, "logs"),
        ("starting up\n" + SEED_LOG, "logs"),
        (json.dumps(_otlp(_span("aa", "", 0, 1))), "otlp"),
        (json.dumps(_matrix(({}, [])), indent=2), "prometheus"),
        (json.dumps({"alerts": [_alert("A", "2026-03-03T10:00:00Z")]}, indent=1), "alertmanager"),
        ("incident_id,service,started_at,detected_at\n", None),
        ("incident_id,milestone,time\n", None),
        (json.dumps({"incidents": [{"id": "A", "urgency": "high", "created_at": "x", "status": "resolved"}]}), None),
        ("hello", None),
    ],
)  # fmt: skip
def test_formats_are_recognised_by_content(tmp_path: Path, content: str, format_name: str | None) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    assert recognise(path) == format_name


@pytest.mark.parametrize(
    "file",
    [
        "statuspage_github/github_incidents_with_updates.jsonl",
        "statuspage_github/summary_v2_last_snapshots.json",
        "statuspage_github/segments.csv",
        "statuspage_github/downtime_windows.csv",
        "servicenow_uci/incident_event_log_first5999rows_zero_padded.csv",
        "servicenow_uci/incident_event_log_original_format_119998rows.csv.gz",
        "vendor_fixtures/pagerduty_incidents_raw_devlake.csv",
        "vendor_fixtures/opsgenie_incidents_raw_devlake.csv",
        "vendor_fixtures/grafana_irm_incidents.jsonl",
        "vendor_fixtures/rootly_incident.json",
        "vendor_fixtures/dispatch_incident_table.copy.txt",
        "vendor_fixtures/jsm_sla.json",
        "gitlab_production_annotated/gitlab_incidents.csv",
        "gcp_status/incidents_2022-07-03.json",
        "gcp_status/gcp_label.csv",
        "gcp_status/gcp_provider_2016_2024.parquet",
        "upptime_issues/upptime_issues.jsonl",
        "issre22/issre22_phases.csv",
    ],
)
def test_real_exports_of_incidents_are_not_taken_for_telemetry(file: str, shared: Path) -> None:
    assert recognise(shared / "data" / file) is None
