"""Alert coverage: the founding text's function on its own inputs, and delay, gaps and cost beyond it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.analysis import alert_coverage, rate_interval
from mttrlab.analysis.sample import total_interval
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.figures import plot_coverage, plot_gaps
from mttrlab.schema import AlertRule, Practices, SyntheticMonitor
from mttrlab.sources.practices import read_practices

SERVICES = ["payment-service", "fraud-service", "user-service", "checkout-service"]
MODES = ["availability", "latency", "error_rate", "dependency"]


def founding(services: list[Any], alerts: list[Any]) -> dict[str, dict[str, Any]]:
    """The founding text's function, as printed."""
    coverage: dict[str, dict[str, Any]] = {}
    for service in services:
        service_alerts = [a for a in alerts if service.name in a.targets]
        coverage[service.name] = {
            "availability_alert": any(a.type == "availability" for a in service_alerts),
            "latency_alert": any(a.type == "latency" for a in service_alerts),
            "error_rate_alert": any(a.type == "error_rate" for a in service_alerts),
            "dependency_alert": any(a.type == "dependency" for a in service_alerts),
        }
        coverage[service.name]["gaps"] = [k for k, v in coverage[service.name].items() if isinstance(v, bool) and not v]
    return coverage


def _named(*names: str) -> list[Any]:
    return [SimpleNamespace(name=name) for name in names]


def _alert(kind: str, *targets: str) -> Any:
    return SimpleNamespace(type=kind, targets=list(targets))


def test_the_command_centers_four_services_and_two_alerts() -> None:
    alerts = [_alert("error_rate", "payment-service"), _alert("latency", "checkout-service")]
    report = alert_coverage(_named(*SERVICES), alerts)
    assert report == founding(_named(*SERVICES), alerts)
    assert report["payment-service"]["gaps"] == ["availability_alert", "latency_alert", "dependency_alert"]
    assert report["fraud-service"]["gaps"] == [f"{mode}_alert" for mode in MODES]
    row = report.table.query("service == 'payment-service' and failure_mode == 'error_rate'").iloc[0]
    assert (row["covered"], row["goal_met"], row["verdict"]) == (True, False, "delay not known")


@given(
    st.lists(st.sampled_from(SERVICES), unique=True),
    st.lists(st.tuples(st.sampled_from([*MODES, "saturation"]), st.lists(st.sampled_from(SERVICES)))),
)
def test_the_report_is_the_founding_texts_for_any_of_its_inputs(services: list[str], alerts: list[Any]) -> None:
    made = [_alert(kind, *targets) for kind, targets in alerts]
    assert alert_coverage(_named(*services), made) == founding(_named(*services), made)


def test_alert_rules_work_in_the_founding_function_too() -> None:
    rules: list[Any] = [AlertRule("a", "payment-service", "latency", also=("user-service",))]
    assert alert_coverage(_named(*SERVICES), rules) == founding(_named(*SERVICES), rules)


def test_the_founding_texts_own_alert_covers_but_is_late() -> None:
    seed = AlertRule("payment_error_rate", "payment-service", "error_rate", for_s=300, scrape_s=15, eval_s=15)
    report = alert_coverage(["payment-service"], [seed])
    row = report.table.query("failure_mode == 'error_rate'").iloc[0]
    assert row["covered"]
    assert (row["mean"], row["within_goal"], row["verdict"]) == (pytest.approx(5.75), 0.0, "late")
    assert report["payment-service"]["error_rate_alert"]


def test_the_fastest_alert_decides() -> None:
    slow = AlertRule("slow", "a", "error_rate", for_s=600)
    quick = AlertRule("quick", "a", "error_rate", scrape_s=15, eval_s=15, group_wait_s=0)
    row = alert_coverage(["a"], [slow, quick]).table.query("failure_mode == 'error_rate'").iloc[0]
    assert (row["fastest"], row["alerts"], row["goal_met"]) == ("quick", 2, True)


def test_an_alert_that_this_fault_never_fires_is_no_cover_in_time() -> None:
    rule = AlertRule("half", "a", "error_rate", window_s=300, threshold=0.5)
    row = alert_coverage(["a"], [rule], severity=0.2).table.query("failure_mode == 'error_rate'").iloc[0]
    assert (row["covered"], row["goal_met"], row["verdict"]) == (True, False, "never fires for this fault")


def test_recording_idle_and_unknown_rules_cover_nothing_and_the_unknown_are_shown() -> None:
    rules = [
        AlertRule("Watchdog", "a", "availability", always_firing=True),
        AlertRule("series", "a", "availability", recording=True),
        AlertRule("odd", "a", why="nothing says"),
        AlertRule("elsewhere", "b", "latency"),
    ]
    report = alert_coverage(["a"], rules)
    assert not report.table["covered"].any()
    assert report.unknown["alert"].tolist() == ["odd"]
    assert report.unplaced["alert"].tolist() == ["elsewhere"]
    assert "1 alerts are of unknown kind" in str(report)


def _incident(n: int, service: str, mode: str | None, minutes: float | None) -> dict[str, Any]:
    start = pd.Timestamp("2026-01-01T00:00:00Z") + pd.Timedelta(days=n)
    late = pd.NaT if minutes is None else start + pd.Timedelta(minutes=minutes)
    return {"incident_id": f"i{n}", "service": service, "failure_mode": mode, "started_at": start, "detected_at": late}


def test_gaps_are_ordered_by_the_minutes_lost_behind_them() -> None:
    history = pd.DataFrame(
        [
            _incident(1, "a", "latency", 10),
            _incident(2, "a", "dependency", 45),
            _incident(3, "a", "dependency", 15),
            _incident(4, "a", "dependency", None),
            _incident(5, "a", "error_rate", 300),
            _incident(6, "a", None, 7),
            _incident(7, "z", "latency", 9),
        ]
    ).astype({"started_at": "datetime64[us, UTC]", "detected_at": "datetime64[us, UTC]"})
    rule = AlertRule("quick", "a", "error_rate", scrape_s=1, eval_s=1, group_wait_s=0)
    report = alert_coverage(["a"], [rule], incidents=history)
    gaps = report.gaps()
    assert gaps["failure_mode"].tolist()[:2] == ["dependency", "latency"]
    assert gaps["minutes_lost"].tolist()[:3] == [60.0, 10.0, 0.0]
    assert gaps.loc[0, ["incidents", "not_dated"]].tolist() == [3, 1]
    assert report.table.iloc[-1]["failure_mode"] == "error_rate"
    assert report.unattributed[["service", "failure_mode", "minutes_lost"]].to_numpy().tolist() == [
        ["z", "latency", 9.0],
        ["a", "unknown", 7.0],
    ]


def test_without_history_minutes_lost_are_not_known_rather_than_zero() -> None:
    table = alert_coverage(["a"], []).table
    assert table["minutes_lost"].isna().all()
    assert table["failure_mode"].tolist() == [*MODES, "correctness"]


def test_journeys_say_which_failures_their_assertions_would_notice(shared: Path) -> None:
    report = alert_coverage(SERVICES, read_practices(shared / "seed" / "synthetic-monitors.yml"))
    journeys = report.journeys.set_index("failure_mode")
    assert set(journeys["journey"]) == {"User Login Flow"}
    assert journeys.loc["correctness", "asserted_by"] == "Submit credentials"
    assert journeys.loc["latency", "asserted_by"] == "Load login page"
    assert journeys["goal_met"].all()
    assert journeys.loc["availability", "mean"] == pytest.approx(0.5)


def test_a_monitor_with_a_service_covers_it() -> None:
    report = alert_coverage(["a"], [SyntheticMonitor("probe", service="a")])
    assert report["a"]["availability_alert"]
    quiet = alert_coverage(["a"], [SyntheticMonitor("probe", service="a", pages=False)])
    assert not quiet["a"]["availability_alert"]


def test_kube_prometheus_covers_its_own_parts_and_misses_two_minutes_everywhere(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "kube_prometheus")
    report = alert_coverage(["apiserver", "kubelet", "kube-scheduler"], read)
    assert report["apiserver"]["availability_alert"]
    assert not report["kube-scheduler"]["latency_alert"]
    assert not report.table["goal_met"].any()
    assert len(report.unknown) > 40
    assert "Watchdog" not in set(report.unknown["alert"])


def test_a_plain_table_of_alerts_will_do() -> None:
    table = pd.DataFrame(
        {"name": ["x", "y"], "service": ["a", "a"], "failure_mode": ["latency", "cpu"], "for_s": [30.0, None]}
    )
    report = alert_coverage(["a"], table)
    assert report["a"]["latency_alert"]
    assert report.unknown["why"].tolist() == ["the table says 'cpu'"]
    bare = alert_coverage(["a"], table.drop(columns="for_s")).table.query("failure_mode == 'latency'").iloc[0]
    assert bare["verdict"] == "delay not known"


def test_the_page_shows_names_and_never_runs_them() -> None:
    report = alert_coverage(["<script>alert(1)</script>"], Practices())
    assert "<script>" not in report._repr_html_()


@pytest.mark.parametrize(
    ("services", "alerts", "error", "sentence"),
    [
        ([3], [], QuestionError, "a service must be a name, or have one; got int"),
        (["a"], [3], QuestionError, "an alert must have targets and type"),
        (["a"], pd.DataFrame({"service": ["a"]}), SchemaError, "lacks failure_mode"),
        (
            ["a"],
            pd.DataFrame({"service": ["a"], "failure_mode": ["latency"], "for_s": ["5m"]}),
            SchemaError,
            "for_s of 'alert 1' in the table of alerts is no number: '5m'",
        ),
    ],
)
def test_inputs_that_cannot_be_are_refused(services: Any, alerts: Any, error: type, sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        alert_coverage(services, alerts)


def test_a_goal_or_a_severity_that_cannot_be_is_refused() -> None:
    with pytest.raises(QuestionError, match="within must be above 0"):
        alert_coverage([], [], within=0)


def test_the_total_s_interval_is_garwood_s_where_all_incidents_take_equally_long() -> None:
    found, counted = total_interval([60.0] * 10), rate_interval(10)
    assert (found.low, found.high) == pytest.approx((60 * counted.low, 60 * counted.high))
    assert total_interval([]).estimate == 0 and total_interval([]).high != total_interval([]).high
    assert total_interval([10.0, float("nan")]).n == 1


def test_the_total_s_interval_holds_the_true_total_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        minutes = rng.lognormal(2.0, 1.0, rng.poisson(15))
        found = total_interval(minutes)
        held += found.low <= 15 * np.exp(2.5) <= found.high
    # At 400 samples, 0.93 is two standard errors below 0.95; the method errs towards too wide for even weights.
    assert held / 400 >= 0.90


def test_the_map_has_every_service_and_mode_and_the_unknown_apart() -> None:
    history = pd.DataFrame([_incident(1, "b", "latency", 10), _incident(2, "a", None, 7)]).astype(
        {"started_at": "datetime64[us, UTC]", "detected_at": "datetime64[us, UTC]"}
    )
    rules = [AlertRule("odd", "a"), AlertRule("quick", "c", "latency", scrape_s=1, eval_s=1, group_wait_s=0)]
    report = alert_coverage(None, rules, incidents=history)
    assert list(report) == ["b", "a", "c"]  # by minutes lost, then what is only watched
    cells = report.cells.set_index(["service", "failure_mode"])
    assert len(cells) == 3 * 6 and cells.index.is_unique
    assert cells.loc[("a", "unknown"), ["state", "alerts", "minutes_lost"]].tolist() == ["to be mapped", 1, 7.0]
    assert cells.loc[("b", "unknown"), "state"] == "nothing"
    assert cells.loc[("c", "latency"), "state"] == "in time"
    gap = report.gaps().iloc[0]
    assert gap["minutes_lost"] == 10 and 0 < gap["lost_low"] < 10 < gap["lost_high"]


def test_the_figures_draw_the_map_and_the_gaps() -> None:
    history = pd.DataFrame([_incident(1, "$\\bad$", "latency", 10)]).astype(
        {"started_at": "datetime64[us, UTC]", "detected_at": "datetime64[us, UTC]"}
    )
    report = alert_coverage(None, [], incidents=history)
    drawn = plot_coverage(report.cells)
    drawn.figure.canvas.draw()
    assert "no alert" in {text.get_text() for text in drawn.texts}
    assert [label.get_text() for label in plot_gaps(report.gaps()).get_yticklabels()] == ["$\\bad$ · latency"]
    with pytest.raises(SchemaError, match="history"):
        plot_gaps(alert_coverage(["a"], []).gaps())
    plt.close("all")


def test_alerts_that_saw_incidents_and_are_not_loaded_are_no_gap_in_which_nobody_is_told() -> None:
    history = pd.DataFrame(
        [{**_incident(n, "a", "latency", 5), "detected_by": "alert" if n < 13 else "customer"} for n in range(15)]
        + [{**_incident(20, "a", "dependency", 9), "detected_by": "person"}]
    ).astype({"started_at": "datetime64[us, UTC]", "detected_at": "datetime64[us, UTC]"})
    report = alert_coverage(None, [], incidents=history)
    rows = report.table.set_index("failure_mode")
    assert rows.loc["latency", ["verdict", "seen_by_alerts", "incidents"]].tolist() == ["not loaded", 13, 15]
    assert rows.loc[["dependency", "availability"], "verdict"].tolist() == ["no alert", "no alert"]
    assert not rows["covered"].any() and "1 are watched by alerts that are not loaded" in str(report)
    drawn = plot_coverage(report.cells)
    assert "13 of 15 seen" in {text.get_text() for text in drawn.texts}
    assert "nobody is told" not in {text.get_text() for text in drawn.figure.findobj(plt.Text)}
    rule = AlertRule("slow", "a", "latency")
    assert "late" in set(alert_coverage(None, [rule], incidents=history).table["verdict"])
    plt.close("all")
