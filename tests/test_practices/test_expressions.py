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


ERRORS = 'sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m])) > 0.05'


@pytest.mark.parametrize(
    "guard",
    [
        "sum(rate(requests_total[5m])) > 100",
        "sum(rate(requests_total[30m])) > 0",
        "sum(increase(requests_total[1h])) >= 50",
        "count_over_time(requests_total[1h]) > 50",
        "min_over_time(replicas[15m]) > 1",
        "max_over_time(up[30m]) == 1",
        "avg_over_time(traffic[1h]) != 0",
        "0 < rate(requests_total[10m])",
        "on(job) rate(requests_total[1h])",
        "on(job) rate(requests_total[1h] offset 1d)",
        "sum(rate(requests_total[5m] offset 1h)) > 5",
        "max_over_time(maintenance[1h]) == 0",
        "avg_over_time(up[1h]) > 0.9",
        'sum(rate(requests_total{job="error-downloads",env!="dev"}[15m])) > 0',
        "rate(submissions_total[15m]) > 1",
        "sum(rate(http_request_duration_seconds_count[15m])) > 1",
        "rate(rooms_joined_total[15m]) > 1",
        'rate(requests_total{status=~"2..|3.."}[30m]) > 5',
        "rate(requests_total[15m]) > on() group_left() min_traffic",
    ],
)
def test_a_guard_that_usually_holds_already_is_not_waited_for(guard: str) -> None:
    alone = conditions(ERRORS)
    assert conditions(f"{ERRORS} and {guard}") == alone == conditions(f"({guard}) and ({ERRORS})")
    assert conditions(f"{guard} and on() {ERRORS} and {guard}") == alone


@pytest.mark.parametrize(
    ("expr", "windows"),
    [
        (f"{ERRORS} and rate(errors_total[30m]) > 10", [300, 1800]),
        (f"{ERRORS} and sum(rate(requests_total{{code!~'2..'}}[30m])) > 10", [300, 1800]),
        (f"{ERRORS} and sum(rate(requests_total{{outcome='failure'}}[30m])) > 10", [300, 1800]),
        (f"{ERRORS} and rate(oom_kills_total[30m]) > 10", [300, 1800]),
        (f"{ERRORS} and histogram_quantile(0.9, rate(d_bucket[10m])) > 2", [300, 600]),
        ("rate(requests_total[5m]) > 100 and rate(bytes_total[10m]) > 5", [300, 600]),
        ("rate(requests_total[10m]) == 0 and rate(requests_total[10m] offset 1h) > 0", [600]),
        ("sum(changes(ready[15m])) > 2 and cordoned == 0", [900, 0]),
        ("count_over_time((up == 0)[10m:]) > 5 and rate(requests_total[1h]) > 0", [600]),
        ("rate(requests_total[5m]) > 100", [300]),
        ("rate(bad_total[5m]) / (rate(all_total[30m]) > 100) > 0.05", [300]),
        ("1 - avg_over_time(up[10m]) > 0.5 and avg_over_time(up[1h]) < 0.9", [600, 3600]),
        ("replicas_wanted > replicas_ready and rate(requests_total[5m]) > 3", [0]),
    ],
)
def test_what_a_fault_has_to_bring_about_is_waited_for(expr: str, windows: list[float]) -> None:
    (together,) = conditions(expr)
    assert [one.window_s for one in together] == windows


@pytest.mark.parametrize(
    ("expr", "kind", "window"),
    [
        ("last_over_time(up[30m]) == 0", "instant", 0),
        ("avg_over_time(up[30m]) == 0", "opaque", 1800),
        ("max_over_time(up[30m]) == 0", "all", 1800),
        ('sum(irate(r{code="500"}[5m])) / sum(irate(r[5m])) > 0.05', "instant", 0),
        ("last_over_time((rate(bad_total[5m]) / rate(all_total[5m]))[1h:1m]) > 0.05", "share", 300),
        ("idelta(queue[10m]) > 3", "instant", 0),
        ("min(last_over_time(up[1h]) == 0)", "instant", 0),
    ],
)
def test_functions_of_the_newest_samples_have_no_window(expr: str, kind: str, window: float) -> None:
    ((one,),) = conditions(expr)
    assert (one.kind, one.window_s) == (kind, window)


@pytest.mark.parametrize(
    ("expr", "seconds"),
    [
        (ERRORS.replace("[5m]", "[5m] offset 15m"), 900),
        (ERRORS.replace("[5m]", "[5m] OFFSET 1h30m"), 5400),
        (ERRORS.replace("[5m]", "[5m] offset -5m"), 0),
        ("up offset 90s == 0", 90),
        ("up{job='a'} offset 300 == 0", 300),
        ("up @ end() offset 2m == 0", 120),
        ("absent(up{job='a'} offset 10m)", 600),
        ("max_over_time(rate(bad_total[1m])[30m:1m] offset 5m) > 3", 300),
        ("sum(rate(bad_total[1m] offset 1m)[30m:1m] offset 5m) > 3", 360),
        ("histogram_quantile(0.9, sum by (le) (rate(d_bucket[5m] offset 2m))) > 1", 120),
        # Against the past, the newer side shows the fault.
        ("rate(requests_total[5m]) / rate(requests_total[5m] offset 1w) < 0.5", 0),
        ("rate(requests_total[5m] offset 1w) - rate(requests_total[5m]) > 100", 0),
        ("errors_total > 2 * (errors_total offset 1d)", 0),
        ("rate(errors_total[5m] offset 10m) / rate(requests_total[5m]) > 0.1", 600),
        ("up offset 1h unless up", 0),
        ("group by (job) (up offset 1d) unless on (job) group by (job) (up)", 0),
        ("rate(a_errors[5m]) > 3 and on() (rate(requests_total[5m] offset 1d) > 0)", 0),
        ('x{offset="a offset 5m"} > 3', 0),
        ('{__name__="up", job="x"} offset 5m == 0', 300),
        ("shifted > 0.5", 240),
    ],
)
def test_what_is_looked_at_in_the_past_on_purpose_is_late_by_that(expr: str, seconds: float) -> None:
    ((one,),) = conditions(expr, {"shifted": "rate(bad_total[5m] offset 4m)"})
    assert one.offset_s == seconds


@pytest.mark.parametrize(
    ("name", "expr", "mode"),
    [
        ("SettingsReloadBroken", 'shopd_settings_reload_ok{service="checkout"} == 0', "unknown"),
        ("NightlyDown", "absent(nightly_job_ended_seconds)", "unknown"),
        ("BackupFailed", "time() - backup_last_success > 86400", "unknown"),
        ("CheckoutErrors", 'kube_job_status_failed{job_name=~"x.*"} > 0', "unknown"),
        ("NightlyBatchDown", 'up{job="batch"} == 0', "availability"),
        ("EdgeDownstreamRefusals", 'rate(edge_total{class="4"}[5m]) / rate(edge_total[5m]) > 0.05', "error_rate"),
        ("DownstreamErrors", 'rate(edge_total{code=~"5.."}[5m]) / rate(edge_total[5m]) > 0.05', "error_rate"),
        ("PaymentsDown", 'rate(pay_total{status=~"5.."}[5m]) / rate(pay_total[5m]) > 0.5', "error_rate"),
        ("SlowErrors", 'rate(pay_total{status="500"}[5m]) > 1', "error_rate"),
        ("ErrorBudgetFast", "histogram_quantile(0.99, rate(pay_bucket[5m])) > 1", "latency"),
        ("LatencyBroken", "absent(up{job='pay'})", "availability"),
        ("Failing", "http_request_duration_seconds > 1", "latency"),
        ("CheckoutSlow", 'rate(http_client_requests_total{status=~"5.."}[5m]) > 1', "dependency"),
        ("Refusals", 'http_responses{code=~"401|403|429"} > 5', "error_rate"),
        ("CheckoutUnavailable", "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1", "unknown"),
        ("EdgeDownstreamErrors", 'rate(edge_downstream_total{class="5"}[5m]) > 5', "error_rate"),
        ("EdgeDownstreamResets", "rate(edge_downstream_destroyed_total[5m]) > 5", "unknown"),
        ("DownstreamTimeouts", "timeouts_total > 5", "dependency"),
        ("FeedDown", "absent(feed_import_finished_seconds)", "unknown"),
        ("CertDown", "probe_ssl_earliest_cert_expiry - time() < 86400", "unknown"),
        ("QueueErrors", "queue_depth > 1000", "unknown"),
        ("SlowNode", "avg(rate(node_cpu_seconds_total[5m])) > 0.9", "unknown"),
        ("DiskErrors", "rate(disk_errors_total[5m]) > 0", "error_rate"),
        ("JobApi", 'rate(job_requests_total{code=~"5.."}[5m]) > 1', "error_rate"),
    ],
)
def test_the_expression_decides_before_a_word_in_the_name(name: str, expr: str, mode: str) -> None:
    assert failure_mode(name, expr)[0] == mode


def test_client_errors_cover_no_failure_of_the_service() -> None:
    for matcher, clients in (('"4.."', True), ('"4[0-9]{2}"', True), ('"404"', True), ('"[45].."', False),
                             ('"4..|5.."', False), ('"5.."', False)):  # fmt: skip
        ((one,),) = conditions(f"sum(rate(r{{code=~{matcher}}}[5m])) / sum(rate(r[5m])) > 0.05")
        assert (one.kind == "clients") is clients
