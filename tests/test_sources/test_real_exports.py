"""Real files of other organisations: what is known about them must come out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from mttrlab.errors import LoadError
from mttrlab.sources.exports import extract, recognise

SECOND = pd.Timedelta("1s")

NO_EXPORTS = (
    "alerts/checkly_samples/rulz-ai.tf",
    "alerts/checkly_samples/uptime-glamira-pl.check.ts",
    "alerts/datadog/algorithmia__algorithm_duration.json",
    "alerts/datadog/external_secrets__sync_errors.json",
    "alerts/datadog/mongodb_atlas__read_latency.json",
    "alerts/datadog/nomad__nomad_job_is_failing.json",
    "alerts/datadog/resilience4j__circuitbreaker_state_open.json",
    "alerts/datadog/zenoh_router__zenoh_router_disconnected.json",
    "alerts/kube_prometheus/alertmanager-prometheusRule.yaml",
    "alerts/kube_prometheus/alertmanager-secret.yaml",
    "alerts/kube_prometheus/blackboxExporter-configuration.yaml",
    "alerts/kube_prometheus/blackboxExporter-serviceMonitor.yaml",
    "alerts/kube_prometheus/grafana-prometheusRule.yaml",
    "alerts/kube_prometheus/kubePrometheus-prometheusRule.yaml",
    "alerts/kube_prometheus/kubeStateMetrics-prometheusRule.yaml",
    "alerts/kube_prometheus/kubernetesControlPlane-prometheusRule.yaml",
    "alerts/kube_prometheus/nodeExporter-prometheusRule.yaml",
    "alerts/kube_prometheus/prometheus-prometheus.yaml",
    "alerts/kube_prometheus/prometheus-prometheusRule.yaml",
    "alerts/kube_prometheus/prometheusOperator-prometheusRule.yaml",
    "alerts/upptime/con-upptime.upptimerc.yml",
    "gcp_status/gcp_label.csv",
    "gcp_status/gcp_provider_2016_2024.parquet",
    "gcp_status/incidents_2022-07-03.json",
    "issre22/PROVENANCE.md",
    "issre22/issre22_phases.csv",
    "statuspage_github/LICENSE.mrshu",
    "statuspage_github/downtime_windows.csv",
    "statuspage_github/history_latest.atom",
    "statuspage_github/segments.csv",
    "upptime_issues/upptime_issues.jsonl",
    "vendor_fixtures/alertmanager_webhook_v4.json",
    "vendor_fixtures/dispatch_incident_table.copy.txt",
    "vendor_fixtures/grafana_irm_incidents.jsonl",
    "vendor_fixtures/jsm_sla.json",
    "vendor_fixtures/opsgenie_incidents_raw_devlake.csv",
    "vendor_fixtures/rootly_incident.json",
)
"""Reference files beside the checkout that are something else: segments, rules, monitors, feeds, prose."""


@pytest.fixture(scope="session")
def github(shared: Path) -> Path:
    return shared / "data/statuspage_github"


def test_incidents_in_two_files_have_one_id_and_start_together(github: Path) -> None:
    history = extract(github / "github_incidents_with_updates.jsonl").reports
    snapshots = extract(github / "summary_v2_last_snapshots.json").reports
    both = history.merge(snapshots, on=["source", "source_id"])
    assert (len(history), len(snapshots), len(both)) == (819, 760, 653)
    apart = (both["detected_at_x"] - both["detected_at_y"]).abs()
    assert (apart <= pd.Timedelta("1min")).sum() == 652
    assert both["status_x"].eq("closed").all()


def test_unresolved_snapshots_are_open_and_censored_when_last_seen(github: Path) -> None:
    path = github / "summary_v2_last_snapshots.json"
    snapshots = extract(path)
    assert snapshots.exported_at_from == "the file"
    assert snapshots.reports["status"].eq("open").all()
    assert snapshots.reports["verified_at"].isna().all()
    seen = {record["id"]: pd.Timestamp(record["_last_seen_commit"]) for record in json.loads(path.read_text())}
    assert snapshots.reports.set_index("source_id")["exported_at"].to_dict() == seen
    # The vendor's started_at is the first post again: nothing is known of the impact.
    assert snapshots.reports["started_at"].isna().all()


def test_public_posts_are_proxies_and_postmortem_windows_are_not(github: Path) -> None:
    history = extract(github / "github_incidents_with_updates.jsonl")
    reports = history.reports
    assert set(reports["detected_at_origin"]) == {"proxy"}
    assert set(reports["started_at_origin"].dropna()) == {"export"}
    assert reports["started_at"].notna().sum() == 163
    assert reports["diagnosed_at"].isna().all()
    assert reports["population"].value_counts().to_dict() == {"counted": 801, "maintenance": 18}
    assert reports["resolution_s"].eq(60).all()
    assert history.exported_at == pd.Timestamp("2026-08-21T22:46:26Z")


@pytest.fixture(scope="session")
def servicenow(shared: Path) -> Path:
    return shared / "data/servicenow_uci"


def test_an_audit_log_becomes_one_report_per_incident(servicenow: Path) -> None:
    log = extract(servicenow / "incident_event_log_original_format_119998rows.csv.gz", timezone="UTC")
    assert (log.rows, log.accepted, len(log.quarantine), log.duplicates) == (119_998, 119_998, 0, 0)
    reports = log.reports.set_index("source_id")
    assert len(reports) == 20_769
    # Closed and never stamped stays closed and empty: it is not open.
    assert reports["resolved_at"].isna().sum() == 1418
    assert reports["status"].eq("closed").all()
    # The auto-close timer is paperwork.
    assert reports["verified_at"].isna().all()
    gap = (reports["closed_at"] - reports["resolved_at"]).dropna() / pd.Timedelta("1h")
    assert gap.between(119, 121).mean() > 0.8
    first = reports.loc["INC0000047"]
    assert first["detected_at"] == pd.Timestamp("2016-02-29T04:40Z")
    assert first["acknowledged_at"] == pd.Timestamp("2016-02-29T05:30Z")
    assert first["resolved_at"] == pd.Timestamp("2016-03-01T09:52Z")
    assert first["closed_at"] == pd.Timestamp("2016-03-06T10:00Z")
    # Resolved straight from New: nobody is known to have taken it up before.
    assert pd.isna(reports.loc["INC0000045", "acknowledged_at"])
    assert int(reports["reopened"].sum()) == 234


def test_both_date_styles_of_one_log_say_the_same(servicenow: Path) -> None:
    slashes = extract(servicenow / "incident_event_log_original_format_119998rows.csv.gz", timezone="UTC").reports
    dashes = extract(servicenow / "incident_event_log_first5999rows_zero_padded.csv", timezone="UTC").reports
    # The shorter file ends in the middle of its last incident.
    ids = dashes["source_id"].tolist()[:-1]
    columns = ["detected_at", "acknowledged_at", "resolved_at", "closed_at", "severity", "team", "reopened"]
    pd.testing.assert_frame_equal(
        slashes.set_index("source_id").loc[ids, columns], dashes.set_index("source_id").loc[ids, columns]
    )


def test_a_servicenow_log_needs_its_zone(servicenow: Path) -> None:
    path = servicenow / "incident_event_log_first5999rows_zero_padded.csv"
    with pytest.raises(
        LoadError, match=r"row 2: opened_at '29-02-2016 01:16' has no time zone; .* \(5,998 such rows\)"
    ):
        extract(path)


@pytest.fixture(scope="session")
def pagerduty(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three real records, unpacked from the column of a warehouse."""
    with (shared / "data/vendor_fixtures/pagerduty_incidents_raw_devlake.csv").open(newline="") as file:
        records = [json.loads(row["data"]) for row in csv.DictReader(file)]
    path = tmp_path_factory.mktemp("pagerduty") / "incidents.json"
    path.write_text(json.dumps({"incidents": records}))
    return path


def test_emptied_acknowledgements_are_found_in_the_log(pagerduty: Path) -> None:
    reports = extract(pagerduty).reports.set_index("source_id")
    known = {
        "Q3YON8WNWTZMRQ": ("open", "2022-11-03T06:23:07Z"),
        "Q3CZAU7Q4008QD": ("open", "2022-11-03T06:44:37Z"),
        "Q1OHFWFP3GPXOG": ("closed", "2022-11-03T06:45:46Z"),
    }
    for source_id, (status, acknowledged) in known.items():
        assert reports.loc[source_id, "status"] == status
        assert reports.loc[source_id, "acknowledged_at"] == pd.Timestamp(acknowledged)
    ended = reports.loc["Q1OHFWFP3GPXOG"]
    assert ended["resolved_at"] == pd.Timestamp("2022-11-03T06:51:44Z")
    assert (ended["detected_by"], ended["service"], ended["severity"]) == ("person", "DevService", "low")
    assert not ended["automated"]
    assert reports["population"].eq("page").all()
    # The newest entry of any log is when the file was taken, at the earliest.
    assert set(reports["exported_at"]) == {pd.Timestamp("2022-11-03T07:02:38Z")}


def test_people_are_not_stored(pagerduty: Path) -> None:
    found = extract(pagerduty)
    assert "Amini" in pagerduty.read_text()
    assert "Amini" not in found.reports.to_csv() + found.quarantine.to_csv()


@pytest.mark.parametrize(
    ("file", "format_name"),
    [
        ("statuspage_github/github_incidents_with_updates.jsonl", "statuspage"),
        ("statuspage_github/summary_v2_last_snapshots.json", "statuspage"),
        ("servicenow_uci/incident_event_log_original_format_119998rows.csv.gz", "servicenow"),
        ("servicenow_uci/incident_event_log_first5999rows_zero_padded.csv", "servicenow"),
        ("vendor_fixtures/pagerduty_incidents_raw_devlake.csv", "pagerduty"),
        # A table of somebody's own: its columns say what they mean.
        ("gitlab_production_annotated/gitlab_incidents.csv", "canonical"),
        *[(file, None) for file in NO_EXPORTS],
    ],
)
def test_files_that_are_no_incident_exports_are_not_taken_for_one(
    file: str, format_name: str | None, shared: Path
) -> None:
    assert recognise(shared / "data" / file) == format_name


@pytest.mark.parametrize(
    ("file", "tool"),
    [
        ("vendor_fixtures/opsgenie_incidents_raw_devlake.csv", "Opsgenie"),
        ("vendor_fixtures/grafana_irm_incidents.jsonl", "Grafana IRM"),
        ("vendor_fixtures/rootly_incident.json", "Rootly"),
        ("vendor_fixtures/alertmanager_webhook_v4.json", "Alertmanager"),
        ("vendor_fixtures/jsm_sla.json", "Jira"),
        ("gcp_status/incidents_2022-07-03.json", "Google Cloud"),
        ("upptime_issues/upptime_issues.jsonl", "GitHub"),
        ("statuspage_github/segments.csv", "its columns are incident_id, start_at"),
        ("issre22/issre22_phases.csv", "its columns are cloud, id"),
    ],
)
def test_a_tool_that_is_not_read_is_named_with_what_is(file: str, tool: str, shared: Path) -> None:
    with pytest.raises(LoadError, match="no export that is known") as told:
        extract(shared / "data" / file)
    sentence = str(told.value)
    assert tool in sentence
    assert "Statuspage, PagerDuty, ServiceNow and tables with incident_id" in sentence
    assert "\n" not in sentence
    assert len(sentence) < 400


def test_the_raw_table_of_a_pipeline_is_the_same_incidents(shared: Path, pagerduty: Path) -> None:
    raw, plain = extract(shared / "data/vendor_fixtures/pagerduty_incidents_raw_devlake.csv"), extract(pagerduty)
    assert (raw.format, raw.accepted, len(raw.quarantine)) == ("pagerduty", plain.accepted, 0)
    assert raw.reports["content_hash"].tolist() == plain.reports["content_hash"].tolist()


def test_a_table_of_somebodys_own_is_read_by_what_its_columns_say(shared: Path) -> None:
    found = extract(shared / "data/gitlab_production_annotated/gitlab_incidents.csv")
    assert (found.accepted, len(found.quarantine)) == (30, 0)
    assert "'mitigated_at' as resolved_at" in found.warnings[0]
    first = found.reports.set_index("source_id").loc["5045"]
    assert first["started_at"] == pd.Timestamp("2021-06-30T07:35Z")
    assert first["resolved_at"] == pd.Timestamp("2021-06-30T07:53Z")
