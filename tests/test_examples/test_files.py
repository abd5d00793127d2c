"""The files are what vendors write, and the dirt that the facts state is really in them.

Everything here is read with the standard library alone, on purpose: the lab's own readers are tested elsewhere.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mttrlab.examples import organisation

STAMPS = ("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at")
LARGE, SMALL = organisation("large"), organisation("small")
DIRT = LARGE.facts.dirt


def _json(name: str) -> Any:
    return json.loads({**LARGE.files(), **SMALL.files()}[name])


def _csv(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(LARGE.files()[name].decode(), newline="")))


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


@pytest.fixture(scope="module")
def tracker() -> list[dict[str, str]]:
    """Every record of both trackers, as text."""
    supply = [{name: "" if value is None else str(value) for name, value in one.items()} for one in _supply()]
    return _csv("exports/incidents.csv") + supply


def _supply() -> list[dict[str, Any]]:
    return list(_json("exports/supply.json"))


@pytest.fixture(scope="module")
def newest(tracker: list[dict[str, str]]) -> list[dict[str, str]]:
    """One record per incident that counts: its newest revision."""
    kept: dict[str, dict[str, str]] = {}
    for one in sorted(tracker, key=lambda one: one["updated_at"]):
        if one["population"] == "counted":
            kept[one["incident_id"]] = one
    return list(kept.values())


def test_the_files_hold_as_many_records_as_the_facts_state() -> None:
    counts = {
        "exports/incidents.csv": len(_csv("exports/incidents.csv")),
        "exports/supply.json": len(_supply()),
        "exports/pagerduty.json": len(_json("exports/pagerduty.json")["incidents"]),
        "exports/servicenow.csv": len(_csv("exports/servicenow.csv")),
        "exports/statuspage.json": len(_json("exports/statuspage.json")["incidents"]),
    }
    assert counts == dict(LARGE.facts.records)
    assert {name: len(_json(name)["incidents"]) for name in SMALL.facts.records} == dict(SMALL.facts.records)


def test_every_true_incident_is_in_the_file_that_its_identifier_names(tracker: list[dict[str, str]]) -> None:
    told = {
        "tracker_id": {one["incident_id"] for one in tracker},
        "pagerduty_id": {one["id"] for one in _json("exports/pagerduty.json")["incidents"]},
        "servicenow_id": {one["number"] for one in _csv("exports/servicenow.csv")},
        "statuspage_id": {one["id"] for one in _json("exports/statuspage.json")["incidents"]},
    }
    truth = LARGE.truth
    for column, ids in told.items():
        assert set(truth[column].dropna()) <= ids, column
    assert truth[list(told)].notna().any(axis=1).all()


def test_records_stand_twice_or_in_older_revisions_as_often_as_stated(tracker: list[dict[str, str]]) -> None:
    same = Counter(tuple(sorted(one.items())) for one in tracker)
    pages = Counter(json.dumps(one) for one in _json("exports/pagerduty.json")["incidents"])
    assert sum(n - 1 for n in (*same.values(), *pages.values())) == DIRT["identical records"]
    revisions = Counter(dict(one)["incident_id"] for one in same)
    assert sum(n - 1 for n in revisions.values()) == DIRT["older revisions"]


def test_other_populations_are_there(tracker: list[dict[str, str]]) -> None:
    kinds = Counter(one["population"] for one in {one["incident_id"]: one for one in tracker}.values())
    log = {one["number"] for one in _csv("exports/servicenow.csv") if one["incident_state"] == "Canceled"}
    planned = [one for one in _json("exports/statuspage.json")["incidents"] if one["impact"] == "maintenance"]
    assert kinds["drill"] == DIRT["drill"] and kinds["test"] == DIRT["test"] and kinds["merged"] == DIRT["merged"]
    assert kinds["cancelled"] + len(log) == DIRT["cancelled"]
    assert kinds["maintenance"] + len(planned) == DIRT["maintenance"]


def test_stamps_are_copied_swapped_and_mistyped_as_often_as_stated(newest: list[dict[str, str]]) -> None:
    found: Counter[str] = Counter()
    for one in newest:
        at = {stamp: _time(one[stamp]) for stamp in STAMPS}
        found["unreadable time"] += any(one[stamp] and at[stamp] is None for stamp in STAMPS)
        started, detected, acknowledged, _, resolved, verified = (at[stamp] for stamp in STAMPS)
        found["started copied from detected"] += started is not None and started == detected
        found["acknowledged copied from detected"] += acknowledged is not None and acknowledged == detected
        found["verified copied from resolved"] += verified is not None and verified == resolved
        if resolved and resolved > datetime(2027, 1, 1, tzinfo=UTC):
            found["resolved in the future"] += 1
        elif verified and resolved and verified < resolved:
            found["verified a day early"] += 1
        elif detected and resolved and detected > resolved:
            found["detected a day late"] += 1
        elif acknowledged and detected and acknowledged < detected:
            found["acknowledged before detected"] += 1
        found["verified by timer"] += bool(verified and resolved and verified - resolved == timedelta(hours=24))
        found["detected missing"] += detected is None
    assert found == {kind: DIRT[kind] for kind in found}


def test_stamps_are_missing_more_often_on_short_incidents(newest: list[dict[str, str]]) -> None:
    lacking = {True: [0, 0], False: [0, 0]}
    for one in newest:
        detected, resolved = _time(one["detected_at"]), _time(one["resolved_at"])
        if detected and resolved and one["fix_path"] != "automation":
            count = lacking[resolved - detected < timedelta(minutes=40)]
            count[0] += not one["diagnosed_at"]
            count[1] += 1
    assert sum(count[0] for count in lacking.values()) == DIRT["diagnosed missing"]
    assert lacking[True][0] / lacking[True][1] > 2 * lacking[False][0] / lacking[False][1]


def test_what_automation_ended_nobody_diagnosed(newest: list[dict[str, str]]) -> None:
    alone = [one for one in newest if one["fix_path"] == "automation"]
    assert len(alone) > 20
    assert not any(one["diagnosed_at"] or one["acknowledged_at"] for one in alone)
    assert [one for one in newest if one["automated"].lower() == "true"] == alone


def test_mitigation_came_first_here_and_there(newest: list[dict[str, str]]) -> None:
    first = [one for one in newest if one["diagnosed_at"] > one["resolved_at"] > ""]
    assert 5 < len(first) <= DIRT["fixed before diagnosed"]


def test_reopened_incidents_keep_their_first_resolution(newest: list[dict[str, str]]) -> None:
    again = [one for one in newest if one["reopened"].lower() == "true"]
    desk = LARGE.truth["first_resolved_at"].notna() & LARGE.truth["tracker_id"].isna()
    assert len(again) + int(desk.sum()) == DIRT["reopened"]
    assert all(one["first_resolved_at"] < one["resolved_at"] for one in again)


def test_open_incidents_have_no_end(newest: list[dict[str, str]]) -> None:
    still = LARGE.truth[LARGE.truth["resolved_at"].isna()]
    assert len(still) == DIRT["open"]
    listed = {one["incident_id"] for one in newest if one["status"] == "open"}
    assert listed == set(still["tracker_id"].dropna())
    assert not any(one["resolved_at"] or one["verified_at"] for one in newest if one["status"] == "open")


def test_titles_are_as_hostile_as_real_ones(newest: list[dict[str, str]]) -> None:
    titles = [one["title"] for one in newest]
    for sign in ("<b>", "<script>", "=cmd|", "$total$", "🔥", '"', "\n", "支払い", "{{"):
        assert any(sign in title for title in titles), sign
    assert max(map(len, titles)) > 300


def test_the_log_is_in_the_wall_clock_of_its_office_across_the_change_of_clocks() -> None:
    zone = ZoneInfo("Europe/Berlin")
    opened = {one["number"]: one["opened_at"] for one in _csv("exports/servicenow.csv")}
    seasons: Counter[timedelta | None] = Counter()
    for number, detected in LARGE.truth.set_index("servicenow_id")["detected_at"].items():
        if isinstance(number, str):
            local = detected.tz_convert(zone).to_pydatetime()
            day, clock = opened[number].split(" ")
            assert day == f"{local.day}/{local.month}/{local.year}" and clock == f"{local:%H:%M}"
            seasons[local.utcoffset()] += 1
    assert min(seasons[timedelta(hours=1)], seasons[timedelta(hours=2)]) > 10


def test_one_incident_was_opened_in_the_hour_that_the_clock_shows_twice() -> None:
    opened = {one["number"]: one["opened_at"] for one in _csv("exports/servicenow.csv")}
    twice = [text for text in opened.values() if text.startswith(("26/10/2025 02:", "27/10/2024 02:"))]
    assert len(twice) == DIRT["ambiguous local times"]


def test_service_desk_closes_by_itself_after_five_days() -> None:
    last = {one["number"]: one for one in _csv("exports/servicenow.csv") if one["incident_state"] == "Closed"}
    assert len(last) == DIRT["closed by timer"]
    minute = "%d/%m/%Y %H:%M"
    zone = ZoneInfo("Europe/Berlin")
    for one in last.values():
        ends = [datetime.strptime(one[name], minute).replace(tzinfo=zone).astimezone(UTC)
                for name in ("resolved_at", "closed_at")]  # fmt: skip
        assert ends[1] - ends[0] in (timedelta(hours=h) for h in (119, 120, 121))


def test_pages_without_priority_are_noise_in_the_large_organisation() -> None:
    listed = {one["id"]: one for one in _json("exports/pagerduty.json")["incidents"]}
    noise = [one for one in listed.values() if one["priority"] is None]
    assert len(noise) == DIRT["pages that are no incidents"]
    assert len(listed) - len(noise) == LARGE.truth["pagerduty_id"].notna().sum()


def test_log_entries_run_backwards_and_acknowledgements_are_emptied_on_resolving() -> None:
    for name in ("exports/pagerduty.json", "small/pagerduty.json"):
        for one in _json(name)["incidents"]:
            times = [entry["created_at"] for entry in one["log_entries"]]
            assert times == sorted(times, reverse=True)
            assert one["log_entries"][-1]["type"] == "trigger_log_entry"
            assert not (one["status"] == "resolved" and one["acknowledgements"])


def test_two_incidents_fit_each_ambiguous_page() -> None:
    truth = LARGE.truth[LARGE.truth["population"] == "counted"]
    fits = 0
    for _, one in truth[truth["pagerduty_id"].notna() & truth["tracker_id"].notna()].iterrows():
        near = (truth["service"] == one["service"]) & truth["tracker_id"].notna()
        near &= (truth["started_at"] - one["detected_at"]).abs() <= timedelta(minutes=30)
        fits += near.sum() > 1
    assert fits == DIRT["ambiguous pages"]


def test_few_posts_are_too_late_to_find_their_incident() -> None:
    posted = {one["id"]: _time(one["created_at"]) for one in _json("exports/statuspage.json")["incidents"]}
    truth = LARGE.truth[LARGE.truth["statuspage_id"].notna()]
    gaps = truth["statuspage_id"].map(posted) - truth["started_at"]
    assert (gaps > timedelta(minutes=30)).sum() == DIRT["posts too late to join"]


def test_the_small_organisation_counts_35_among_400_pages() -> None:
    pages = {one["id"]: one for one in _json("small/pagerduty.json")["incidents"]}
    assert len(pages) == 400
    truth = SMALL.truth
    with_priority = {name for name, one in pages.items() if one["priority"]}
    assert with_priority <= set(truth["pagerduty_id"])
    without = truth[~truth["pagerduty_id"].isin(with_priority)]
    assert len(without) == SMALL.facts.dirt["incidents without a priority"]
    assert without["statuspage_id"].notna().all()


def test_posts_of_the_small_organisation_carry_an_offset_and_lack_half_of_the_middle() -> None:
    posts = _json("small/statuspage.json")["incidents"]
    assert all(one["created_at"].endswith("-05:00") for one in posts)
    said = [{update["status"] for update in one["incident_updates"]} for one in posts]
    middle = sum(len(statuses & {"identified", "monitoring"}) for statuses in said)
    assert 0.35 < middle / (2 * len(posts)) < 0.65


def test_one_service_of_the_small_organisation_has_three_names() -> None:
    pagers = {one["service"]["summary"] for one in _json("small/pagerduty.json")["incidents"]}
    components = {one["components"][0]["name"] for one in _json("small/statuspage.json")["incidents"]}
    assert {"Checkout API", "checkout-service"} <= pagers
    assert "Checkout" in components - pagers
    assert components & pagers == {"Auth", "Payments"}


def test_a_merged_page_names_the_one_it_went_into() -> None:
    pages = {one["id"]: one for one in _json("small/pagerduty.json")["incidents"]}
    merged = [one for one in pages.values() if "resolve_reason" in one]
    assert len(merged) == SMALL.facts.dirt["merged"]
    assert all(one["resolve_reason"]["incident"]["id"] in pages for one in merged)
