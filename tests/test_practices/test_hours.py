"""Alerts that are on, or heard, for part of the week: marked with their hours, and no cover in the others."""

from __future__ import annotations

from pathlib import Path

import pytest

import mttrlab as ml
from mttrlab.cli import main
from mttrlab.detection import Fault, detection_delay
from mttrlab.errors import LoadError
from mttrlab.schema import ALL_WEEK, AlertRule, Condition, Practices, WeekHours
from mttrlab.sources.practices import read_practices
from mttrlab.sources.practices.own import from_json, to_json
from mttrlab.sources.practices.promql import always_firing, conditions
from mttrlab.sources.practices.promql_hours import clock_hours

RATIO = 'sum(rate(requests_total{job="orders",code=~"5.."}[1m])) / sum(rate(requests_total{job="orders"}[1m]))'
OFFICE = WeekHours(tuple((day * 1440 + 480, day * 1440 + 1020, 1.0) for day in range(5)))


def _read(folder: Path, **texts: str) -> Practices:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text)
    return read_practices(folder)


def _rules(expr: str, severity: str = "warning") -> str:
    return (
        "groups:\n- name: orders\n  rules:\n  - alert: OrdersErrors\n"
        f"    expr: {expr}\n    labels: {{severity: {severity}, service: orders}}\n"
    )


@pytest.mark.parametrize(
    ("expr", "hours"),
    [
        ("hour() >= 8 and on() hour() < 17 and on() day_of_week() > 0 < 6", 45),
        ("(hour() + 2) % 24 < 9", 63),
        ("hour() < 8 or hour() >= 17", 105),
        ("vector(1) unless on() (hour() > 22 or hour() < 4)", 133),
        ("absent(day_of_week() == 0 or day_of_week() == 6)", 120),
        ("day_of_week() != 0 != 6", 120),
        ("hour(vector(time() + 7200)) > 8", 105),
        ("vector(time()) % 86400 >= 8 * 3600", 112),
        ("minute() < 30", 84),
        ("sum(hour()) by (x) > 3", 140),
        ("hour() > bool 8", 168),
        ("9 <= hour() < 17", 56),
        ("2 ^ 3 ^ 0 < hour()", 147),
        ("-hour() < -8", 105),
        ("hour() > 25", 0),
        ("scalar(hour() > 7) > 0", 112),
        ("hour(timestamp(vector(1))) > 7", 112),
        ("label_replace(hour() > 7, 'a', \"b\", 'c', 'd')", 112),
    ],
)
def test_the_clock_alone_says_in_which_hours_it_holds(expr: str, hours: float) -> None:
    found = clock_hours(expr)
    assert found is not None and found.hours_per_week == pytest.approx(hours)


@pytest.mark.parametrize(
    ("expr", "share"),
    [("day_of_month() == 1", 12 / 364), ("month() == 12", 31 / 364), ("days_in_month() == 31", 216 / 364),
     ("day_of_year() > 182 and year() == 2026", 182 / 364)],
)  # fmt: skip
def test_dates_are_a_share_of_the_weeks(expr: str, share: float) -> None:
    found = clock_hours(expr)
    assert found is not None and found.hours_per_week / 168 == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("expr", ["up == 0", "time() - started > 60", "hour(built)", "hour() >", "a" * 3000, "(" * 90])
def test_what_reads_more_than_the_clock_has_no_hours(expr: str) -> None:
    assert clock_hours(expr) is None


def test_hours_are_said_in_words_and_joined_across_zones() -> None:
    assert str(OFFICE) == "45 of 168 h (Mon-Fri 08:00-17:00 UTC)"
    lisbon = WeekHours(tuple((day * 1440 + 540, day * 1440 + 1020, 1.0) for day in range(5)), "Europe/Lisbon")
    assert str(~lisbon) == "128 of 168 h (Mon-Fri 00:00-09:00 and 17:00-24:00, Sat-Sun Europe/Lisbon)"
    # Summer time moves it by an hour in UTC and leaves its length alone.
    assert lisbon.minutes().sum() / 60 == pytest.approx(40)
    assert (lisbon & OFFICE).hours_per_week == pytest.approx(40)
    assert (OFFICE | ~OFFICE).always and not (OFFICE & ~OFFICE).spans
    assert str(ALL_WEEK) == "168 of 168 h (Mon-Sun UTC)" and str(WeekHours()) == "0 of 168 h"


@pytest.mark.parametrize(
    "expr",
    [
        f"{RATIO} > 0.05 and on() hour() >= 8 and on() hour() < 17 and on() day_of_week() > 0 < 6",
        f"hour() >= 8 < 17 and on() day_of_week() > 0 < 6 and on() {RATIO} > 0.05",
        f"({RATIO} > 0.05) AND ON() (hour() >= 8 and hour() < 17 and day_of_week() > 0 and day_of_week() < 6)",
        f"{RATIO} > 0.05 unless on() (hour() < 8 or hour() >= 17 or day_of_week() == 0 or day_of_week() == 6)",
        f"{RATIO} > 0.05 unless on() hour() < 8 unless on() hour() >= 17 unless on() day_of_week() == 0 == 0"
        " unless on() day_of_week() == 6",
        f"({RATIO} and on() (hour() >= 8 < 17) and on() (day_of_week() > 0 < 6)) > 0.05",
        f"{RATIO} * on() group_left() (hour() >= bool 8) * (hour() < bool 17) * (day_of_week() % 6 > bool 0) > 0.05",
        f"sum by (job) ({RATIO} > 0.05 and on() hour() >= 8 < 17) and on() day_of_week() > 0 < 6",
        f"max({RATIO} and on() hour() >= 8 < 17 and on() day_of_week() > 0 < 6) > 0.05",
        f"{RATIO} > 0.05 unless on() (maintenance == 1 or hour() < 8 or hour() >= 17 or day_of_week() == 0 or"
        " day_of_week() == 6)",
        f"{RATIO} > 0.05 if hour() >= 8 < 17 ifnot (day_of_week() == 0 or day_of_week() == 6)",
    ],
)
def test_a_rule_of_office_hours_is_on_for_45_hours_and_as_quick_in_them_as_without(expr: str) -> None:
    rule = AlertRule("OrdersErrors", "orders", "error_rate", conditions=conditions(expr))
    answer = detection_delay(rule, Fault("error_rate"))
    assert answer.recall == pytest.approx(45 / 168)
    assert answer.delay.mean_if_ever / 60 == pytest.approx(1.55)
    assert "on for 45 of 168 h (Mon-Fri 08:00-17:00 UTC)" in str(answer) and "45 of 168 h" in answer.notes[0]
    assert answer.table()["hours_per_week"].tolist() == [45]
    report = ml.alert_coverage(["orders"], [rule])
    row = report.table.query("failure_mode == 'error_rate'").iloc[0]
    assert row[["verdict", "hours_per_week", "goal_met"]].tolist() == ["part of the week", 45, False]
    assert row[["mean", "p90"]].tolist() == [pytest.approx(1.55), pytest.approx(2.1, abs=0.01)]
    assert row["on"] == "45 of 168 h (Mon-Fri 08:00-17:00 UTC)"
    assert row["within_goal"] == pytest.approx(0.85 * 45 / 168, abs=0.001)
    assert "1 of the failure modes are watched for part of the week only" in str(report)


def test_a_day_and_a_night_threshold_are_each_asked_in_their_own_hours() -> None:
    day, night = f"{RATIO} > 0.05 and on() hour() >= 8 < 20", f"{RATIO} > 0.5 unless on() hour() >= 8 < 20"
    rule = AlertRule("Both", "orders", "error_rate", conditions=conditions(f"({day}) or ({night})"))
    assert rule.hours is None
    hard, mild = (detection_delay(rule, Fault("error_rate", share=share)) for share in (1.0, 0.2))
    assert hard.recall == pytest.approx(1) and hard.hours is None
    assert hard.mean_s == pytest.approx(90 + (3 + 30) / 2)  # half the week each
    assert mild.recall == pytest.approx(0.5) and mild.hours is not None and mild.hours.hours_per_week == 84


def test_rules_that_share_the_week_out_cover_all_of_it_together() -> None:
    day, night = (
        AlertRule(name, "orders", "error_rate", scrape_s=1, eval_s=1, group_wait_s=wait, conditions=(
            (Condition(), Condition(kind="hours", hours=hours)),
        ))
        for name, wait, hours in (("day", 10.0, OFFICE), ("night", 20.0, ~OFFICE))
    )  # fmt: skip
    race = detection_delay([day, night], Fault("error_rate"))
    assert (race.recall, race.hours) == (pytest.approx(1), None)
    assert race.mean_s == pytest.approx(1 + (10 * 45 + 20 * 123) / 168)
    row = ml.alert_coverage(["orders"], [day, night]).table.query("failure_mode == 'error_rate'").iloc[0]
    assert row[["verdict", "hours_per_week"]].tolist() == ["in time", 168]
    always = AlertRule("always", "orders", "error_rate", for_s=600)
    row = ml.alert_coverage(["orders"], [day, always]).table.query("failure_mode == 'error_rate'").iloc[0]
    assert row[["fastest", "verdict", "on"]].tolist() == ["always", "late", ""]


def test_a_recorded_series_of_office_hours_counts_and_a_rule_of_the_clock_alone_always_fires(tmp_path: Path) -> None:
    office = "  - {record: office, expr: vector(1) and on() hour() >= 8 < 17}\n"
    text = _rules(f"{RATIO} > 0.05 and on() office") + office
    (rule,) = _read(tmp_path, rules=text).alerts
    assert rule.hours is not None and rule.hours.hours_per_week == 63
    unread = _read(tmp_path, rules=_rules(f"{RATIO} > 0.05 and on() clamp_max(hour(), 9) == 9"))
    assert "what these ask of the clock is not read, or holds all week: OrdersErrors" in unread.notes[0]
    assert always_firing("Tea", "hour() == 16") and not always_firing("Down", "up == 0")
    assert conditions("vector(1)") == ((Condition(),),)


ROUTES = """route:
  receiver: nobody
  group_wait: 30s
  routes:
  - receiver: desk
    matchers: [severity=~"warning|critical"]
    {key}: [{names}]
    continue: {again}
  - {{receiver: pager, matchers: [severity="critical"], group_wait: 2m}}
time_intervals:
- name: office
  time_intervals:
  - times: [{{start_time: '09:00', end_time: 17:00}}]
    weekdays: ['monday:friday']
    location: Europe/Lisbon
- {{name: weekends, time_intervals: [{{weekdays: [saturday, Sunday]}}]}}
- name: nights
  time_intervals:
  - {{times: [{{start_time: '00:00', end_time: '06:00'}}, {{start_time: '22:00', end_time: '24:00'}}]}}
- {{name: closing, time_intervals: [{{days_of_month: ['-3:-1'], months: ['march', '6', 'september:december']}}]}}
receivers: [{{name: nobody}}, {{name: desk, email_configs: [{{to: a}}]}}, {{name: pager, x_configs: [1]}}]
"""


@pytest.mark.parametrize(
    ("key", "names", "hours"),
    [
        ("active_time_intervals", "office", 40),
        ("active_time_intervals", "office, weekends", 88),
        ("mute_time_intervals", "weekends", 120),
        ("mute_time_intervals", "weekends, nights", 80),
        ("mute_time_intervals", "closing", 168 * (1 - 18 / 364)),
    ],
)
def test_time_intervals_of_a_route_are_the_hours_in_which_somebody_is_told(
    tmp_path: Path, key: str, names: str, hours: float
) -> None:
    text = ROUTES.format(key=key, names=names, again="false")
    practices = _read(tmp_path, alertmanager=text, rules=_rules(f"{RATIO} > 0.05"))
    assert from_json(to_json(practices)) == practices
    (route,) = ml.alert_routes(practices).to_dict("records")
    assert route["hours_per_week"] == pytest.approx(hours, abs=0.01) and route["pages"] and "of 168 h" in route["on"]
    row = ml.alert_coverage(["orders"], practices).table.query("failure_mode == 'error_rate'").iloc[0]
    assert row["verdict"] == "part of the week" and row["mean"] == pytest.approx(1.55)
    assert "at certain times only" in " ".join(practices.notes)


def test_a_route_that_tells_at_all_times_goes_before_a_quicker_one_that_sleeps(tmp_path: Path) -> None:
    text = ROUTES.format(key="active_time_intervals", names="office", again="true")
    practices = _read(tmp_path, alertmanager=text, rules=_rules(f"{RATIO} > 0.05", "critical"))
    (route,) = ml.alert_routes(practices).to_dict("records")
    assert (route["receiver"], route["hours_per_week"], route["group_wait_s"]) == ("desk, pager", 168, 120)
    # In the 40 hours of the desk, the desk is told first.
    (rule,) = practices.paging()
    assert detection_delay(rule).mean == pytest.approx((40 * 1.55 + 128 * 3.05) / 168)
    shared = text.replace("group_wait: 2m", "group_wait: 2m, mute_time_intervals: [office]")
    (rule,) = _read(tmp_path, alertmanager=shared).paging()
    assert rule.hours is None and detection_delay(rule).mean == pytest.approx((40 * 1.55 + 128 * 3.05) / 168)


def test_a_route_that_is_muted_all_week_tells_nobody_and_a_missing_interval_is_named(tmp_path: Path) -> None:
    text = ROUTES.format(key="mute_time_intervals", names="always", again="false")
    weekends = "name: weekends, time_intervals: [{weekdays: [saturday, Sunday]}]"
    text = text.replace(weekends, "name: always, time_intervals: [{weekdays: ['friday:monday', 'tuesday:thursday']}]")
    practices = _read(tmp_path, alertmanager=text, rules=_rules(f"{RATIO} > 0.05"))
    report = ml.alert_coverage(["orders"], practices)
    assert report.unheard["why"].tolist() == ["its route goes to a receiver that notifies nobody, or is muted all week"]
    assert report.table.query("failure_mode == 'error_rate'")["verdict"].tolist() == ["sent to nobody"]
    text = ROUTES.format(key="mute_time_intervals", names="holidays", again="false")
    (route,) = ml.alert_routes(_read(tmp_path, alertmanager=text)).to_dict("records")
    assert route["hours_per_week"] == 168 and route["unsure"] == "time interval 'holidays'"


@pytest.mark.parametrize(
    ("interval", "sentence"),
    [
        ("{times: [{start_time: '17:00', end_time: '09:00'}]}", "must have a start_time before its end_time"),
        ("{times: [{start_time: '25:00', end_time: '26:00'}]}", "must have a start_time before its end_time"),
        ("{times: 9-17}", "times must be a list"),
        ("{weekdays: [workdays]}", "must be a range such as monday:friday; got 'workdays'"),
        ("{days_of_month: ['9:3']}", "must be a range such as 1:5"),
        ("{months: [13]}", "must be a range such as january:march"),
        ("{days_of_month: ['0']}", "must be a range such as 1:5"),
        ("{location: Atlantis}", "must be a time zone such as Europe/Lisbon; got 'Atlantis'"),
        ("{weekday: [monday]}", "did you mean weekdays"),
        ("nights", "must be a mapping such as weekdays"),
    ],
)
def test_a_time_interval_that_cannot_be_is_refused_with_its_place(tmp_path: Path, interval: str, sentence: str) -> None:
    text = f"route: {{receiver: a}}\ntime_intervals: [{{name: n, time_intervals: [{interval}]}}]\n"
    with pytest.raises(LoadError) as refused:
        _read(tmp_path, alertmanager=text)
    assert sentence in str(refused.value) and str(refused.value).count("\n") == 0


def test_single_years_are_left_out_and_said(tmp_path: Path) -> None:
    text = "route: {receiver: a}\ntime_intervals: [{name: n, time_intervals: [{years: ['2024:2025']}]}]\n"
    assert "n: what is for certain years only is left out" in " ".join(_read(tmp_path, alertmanager=text).notes)


def test_the_terminal_says_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = ROUTES.format(key="active_time_intervals", names="office", again="false")
    _read(tmp_path, alertmanager=text, rules=_rules(f"{RATIO} > 0.05"))
    lab = str(tmp_path / "l.duckdb")
    assert main(["load", str(tmp_path / "alertmanager.yml"), str(tmp_path / "rules.yml"), "--lab", lab]) == 0
    for shown in ("--all", "--routes"):
        assert main(["coverage", shown, "--lab", lab]) == 0
        assert "40 of 168 h (Mon-Fri 09:00-17:00 Europe/Lisbon)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "means", "words"),
    [
        ("office_hours_rule.yml", 1.55, "45 of 168 h (Mon-Fri 08:00-17:00 UTC)"),
        ("office_route", 1.55, "40 of 168 h"),
        ("offset_rule.yml", 16.75, ""),
        ("gf_policies", 11.0, "120 of 168 h (Mon-Fri UTC)"),
        ("traffic_guard.yml", 1.75, ""),
        ("last_over_time.yml", 2.5, ""),
    ],
)
def test_the_public_cases_come_out_right(shared: Path, file: str, means: float, words: str) -> None:
    report = ml.alert_coverage(None, read_practices(shared / "cases" / "public" / file))
    (row,) = report.table[report.table["covered"]].to_dict("records")
    assert row["mean"] == pytest.approx(means, abs=0.005) and words in row["on"] and bool(words) == bool(row["on"])


def test_three_alerts_whose_names_mislead_cover_nothing(shared: Path) -> None:
    practices = read_practices(shared / "cases" / "small" / "cov.yml")
    assert [rule.failure_mode for rule in practices.alerts] == ["unknown", "unknown", "error_rate"]
    report = ml.alert_coverage(None, practices)
    assert not report.table["covered"].any() and len(report.unknown) == 3
