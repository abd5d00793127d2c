"""What alert expressions compare, over which windows, and what they watch."""

from __future__ import annotations

import pytest

from mttrlab.schema import FAILURE_MODES
from mttrlab.sources.practices.own import Mode
from mttrlab.sources.practices.promql import always_firing, conditions, failure_mode, promql_number, services

RATIO = 'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))'


@pytest.mark.parametrize(
    ("expr", "kind", "window", "threshold"),
    [
        (f"{RATIO} > 0.05", "share", 300, 0.05),
        (f"100 * {RATIO} > 5", "share", 300, 0.05),
        (f"({RATIO}) * 100 >= 5", "share", 300, 0.05),
        (f"0.05 < {RATIO}", "share", 300, 0.05),
        ("avg_over_time(up[10m]) < 0.9", "good", 600, 0.9),
        ("up == 0", "instant", 0, 0),
        ('absent(up{job="a"})', "instant", 0, None),
        ("increase(restarts_total[15m]) > 0", "any", 900, 0),
        ("max_over_time(reload_ok[5m]) == 0", "all", 300, 0),
        ("min_over_time(failed[5m]) > 0", "all", 300, 0),
        ("absent_over_time(x[5m])", "all", 300, None),
        ("histogram_quantile(0.99, sum(rate(d_bucket[2m])) by (le)) > 0.5", "quantile", 120, 0.5),
        ("rate(errors_total[1m]) > 10", "opaque", 60, 10),
        ("max_over_time(rate(x[1m])[30m:1m]) > 3", "any", 1800, 3),
        ("slo:errors:ratio_rate1h > (14.4 * 0.001)", "share", 3600, 0.0144),
        ('x{path="a > 3 or b"} > 4', "instant", 0, 4),
        ("# up > 9\nup < 1", "instant", 0, 1),
        ("min by (or) (up == 0)", "instant", 0, 0),
    ],
)
def test_one_comparison(expr: str, kind: str, window: float, threshold: float | None) -> None:
    ((one,),) = conditions(expr)
    assert (one.kind, one.window_s) == (kind, window)
    assert one.threshold == (threshold if threshold is None else pytest.approx(threshold))


def test_and_must_hold_together_and_or_are_alternatives() -> None:
    expr = "(a:rate1h > 0.0144 and a:rate5m > 0.0144) or (a:rate6h > 0.006 and a:rate30m > 0.006)"
    assert [[one.window_s for one in together] for together in conditions(expr)] == [[3600, 300], [21600, 1800]]


def test_generated_burn_rate_alerts_are_read_in_all_their_spellings() -> None:
    pairs = [("5m", "1h", "14.4"), ("30m", "6h", "6")]
    one = 'max(slo:sli_error:ratio_rate{}{{slo="a"}} > ({} * 0.001)) without (w)'
    inside = " or ".join(f"({one.format(short, burn)} and {one.format(long, burn)})" for short, long, burn in pairs)
    outside = " or ignoring (w) ".join(
        f"(slo:sli_error:ratio_rate{s} > ({b} * 0.001) and ignoring (w) slo:sli_error:ratio_rate{long} > ({b} * 0.001))"
        for s, long, b in pairs
    )
    for expr in (inside, outside):
        found = conditions(expr)
        assert [[one.window_s for one in together] for together in found] == [[300, 3600], [1800, 21600]]
        assert [together[0].threshold for together in found] == [pytest.approx(0.0144), pytest.approx(0.006)]
        assert {one.kind for together in found for one in together} == {"share"}


def test_unless_narrows_and_is_not_waited_for() -> None:
    assert conditions("up == 0 unless on(job) rate(x[1h]) > 3") == conditions("up == 0")


def test_quantiles_know_their_level() -> None:
    ((one,),) = conditions("histogram_quantile(0.99, rate(d_bucket[5m])) > 1")
    assert one.quantile == 0.99


def test_recorded_series_bring_their_window_and_never_loop() -> None:
    recorded = {"a": "rate(x[10m]) / rate(y[10m])", "b": "a + b"}
    ((one,),) = conditions("b > 0.5", recorded)
    assert one.window_s == 600


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("(14.4 * 0.001)", 0.0144), ("1e-3", 1e-3), ("-1", -1), ("60 * 30", 1800), ("1/0", None),
     ("time()", None), ("9**9**9", None), ("", None), ("__import__", None)],
)  # fmt: skip
def test_arithmetic_of_plain_numbers_only(text: str, value: float | None) -> None:
    assert promql_number(text) == (value if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("name", "expr", "mode"),
    [
        ("InstanceDown", "up == 0", "availability"),
        ("ProbeFailed", "probe_success == 0", "availability"),
        ("RedisDown", "redis_up == 0", "availability"),
        ("HighLatency", "histogram_quantile(0.95, x) > 1", "latency"),
        ("Slow", "http_request_duration_seconds > 1", "latency"),
        ("High5xx", 'rate(requests{status=~"5.."}[5m]) > 1', "error_rate"),
        ("PaymentErrors", "errors_total > 5", "error_rate"),
        ("UpstreamTimeout", "x > 1", "dependency"),
        ("HostOutOfDiskSpace", "node_filesystem_avail_bytes < 10", "unknown"),
        ("Thing", "stuff > 1", "unknown"),
        ("CertificateExpiresSoon", "probe_ssl_earliest_cert_expiry - time() < 86400", "unknown"),
    ],
)
def test_failure_modes_by_words(name: str, expr: str, mode: str) -> None:
    assert failure_mode(name, expr)[0] == mode


def test_a_label_settles_the_failure_mode() -> None:
    assert failure_mode("Thing", "x > 1", {"failure_mode": "correctness"}) == ("correctness", "its label failure_mode")


def test_services_come_from_labels_then_matchers_then_the_group() -> None:
    assert services('up{job="api"}', {"service": "pay"}, "g.rules") == ("pay",)
    assert services('up{job=~"api|web"}') == ("api", "web")
    assert services('up{job=~".*api.*"}', group="payments-alerts") == ("payments",)
    assert services("up", {"service": "{{ $labels.job }}"}, "general.rules") == ()


@pytest.mark.parametrize(
    ("name", "expr", "idle"),
    [
        ("Watchdog", "vector(1)", True),
        ("DeadMansSwitch", "vector(1) > 0", True),
        ("Inhibit", 'ALERTS{severity="info"} == 1', True),
        ("Always", "1 == 1", True),
        ("Down", "up == 0", False),
        ("Blackout", "vector(1) unless up", False),
    ],
)
def test_alerts_that_always_fire_are_known(name: str, expr: str, idle: bool) -> None:
    assert always_firing(name, expr) is idle


def test_the_forms_know_the_vocabularys_failure_modes() -> None:
    assert Mode.__args__ == FAILURE_MODES  # type: ignore[attr-defined]
