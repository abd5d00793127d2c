"""Records of different sources that are one incident, and those of which nobody can tell."""

from __future__ import annotations

import pandas as pd
import pytest

from mttrlab.lab import Lab, Settings
from mttrlab.lab.settings import Join, Population


def at(time: str) -> str:
    return f"2026-03-01T{time}:00"


def page(name: str, begin: str, end: str | None = None, **more: str) -> dict[str, str | None]:
    return {"id": name, "at": at(begin), "end": at(end) if end else None, **more}


def post(name: str, begin: str, **more: object) -> dict[str, object]:
    stamps = {key: at(str(value)) for key, value in more.items() if key in ("identified", "monitoring", "resolved")}
    return {"id": name, "at": at(begin), **more, **stamps}


def loaded(exports, pages, posts, settings: Settings | None = None) -> Lab:
    lab = Lab()
    if settings:
        lab.apply(settings)
    lab.load(exports.pager("pd.json", pages))
    lab.load(exports.posts("sp.json", posts))
    return lab


def test_a_page_and_a_post_on_one_service_within_the_minutes_are_one_incident(exports):
    pages = [page("P", "10:00", "10:50")]
    posts = [post("S", "10:12", identified="10:20", monitoring="10:40", resolved="11:00", title="Checkout is down")]
    with loaded(exports, pages, posts) as lab:
        one = lab.incidents().iloc[0]
        assert len(lab.incidents(population=None)) == 1
    assert (one["incident_id"], one["source"], one["title"]) == ("P", "pagerduty", "Alert")
    assert one["population"] == "counted"
    assert (one["detected_at"], one["detected_at_origin"]) == (pd.Timestamp("2026-03-01T10:00Z"), "export")
    assert (one["diagnosed_at"], one["diagnosed_at_origin"]) == (pd.Timestamp("2026-03-01T10:20Z"), "proxy")
    assert (one["resolved_at"], one["resolved_at_origin"]) == (pd.Timestamp("2026-03-01T10:50Z"), "export")
    assert one["verified_at"] == pd.Timestamp("2026-03-01T11:00Z")


def test_the_precedence_of_the_settings_gives_the_identity(exports):
    pages, posts = [page("P", "10:00", "10:50")], [post("S", "10:12", resolved="11:00", title="Checkout is down")]
    with loaded(exports, pages, posts, Settings(precedence=("statuspage", "pagerduty"))) as lab:
        one = lab.incidents().iloc[0]
    assert (one["incident_id"], one["source"], one["title"]) == ("S", "statuspage", "Checkout is down")
    assert one["detected_at_origin"] == "export"


@pytest.mark.parametrize(("begin", "incidents"), [("10:30", 1), ("10:31", 2), ("09:30", 1), ("09:29", 2)])
def test_the_minutes_of_the_rule_are_its_edge(exports, begin, incidents):
    with loaded(exports, [page("P", "10:00", priority="P1")], [post("S", begin)]) as lab:
        assert len(lab.incidents()) == incidents


def test_every_component_of_a_post_counts_and_aliases_make_services_meet(exports):
    pages = [page("P", "10:00", service="pay-svc")]
    posts = [post("S", "10:05", services=["Website", "Payments"])]
    with loaded(exports, pages, posts) as lab:
        assert set(lab.incidents(population=None)["incident_id"]) == {"P", "S"}
        lab.apply(Settings(services={"payments": ("PAY-SVC",)}))
        assert lab.incidents(population=None)["incident_id"].tolist() == ["P"]


def test_a_page_with_a_priority_is_preferred_and_the_others_stay_pages(exports):
    pages = [page("A", "10:00"), page("B", "10:04", priority="P2"), page("C", "10:06")]
    with loaded(exports, pages, [post("S", "10:10", resolved="11:00")]) as lab:
        assert lab.incidents()["incident_id"].tolist() == ["B"]
        assert lab.incidents(population="page")["incident_id"].tolist() == ["A", "C"]
        assert lab.ambiguous().empty


def test_two_equal_pages_near_a_post_are_listed_and_never_guessed(exports):
    pages = [page("A", "10:00", priority="P1"), page("B", "10:04", priority="P2")]
    with loaded(exports, pages, [post("S", "10:10")]) as lab:
        assert sorted(lab.incidents()["incident_id"]) == ["A", "B", "S"]
        pairs = lab.ambiguous()
        assert any("more than one answer fits" in warning for warning in lab.warnings())
    assert pairs["source_id"].tolist() == ["A", "B"]
    assert set(pairs["other_source_id"]) == {"S"}
    assert pairs["minutes"].tolist() == [10.0, 6.0]
    assert pairs["service"].tolist() == ["checkout", "checkout"]
    assert set(pairs["reason"]) == {"2 pagerduty records fit this statuspage record"}


def test_one_page_near_two_posts_is_ambiguous_too(exports):
    with loaded(exports, [page("A", "10:00")], [post("S", "10:10"), post("T", "09:50")]) as lab:
        assert sorted(lab.incidents()["incident_id"]) == ["S", "T"]
        assert len(lab.ambiguous()) == 2


def test_the_key_table_always_wins(exports):
    keys = exports.folder / "keys.csv"
    keys.write_text("pagerduty,statuspage\nB,S\nlost,T\n")
    pages = [page("A", "10:09", priority="P1"), page("B", "02:00")]
    posts = [post("S", "10:10", services=["elsewhere"], resolved="11:00"), post("T", "20:00")]
    with loaded(exports, pages, posts, Settings(join=Join(keys=keys))) as lab:
        assert sorted(lab.incidents()["incident_id"]) == ["A", "B", "T"]
        assert any("1 ids of the key table" in warning for warning in lab.warnings())
        lab.apply(Settings.default())
        assert sorted(lab.incidents()["incident_id"]) == ["A", "S", "T"]


def test_a_key_settles_a_pair_that_time_could_not(exports):
    keys = exports.folder / "keys.csv"
    keys.write_text("statuspage,pagerduty\nS,A\n")
    pages = [page("A", "10:00", priority="P1"), page("B", "10:04", priority="P2")]
    with loaded(exports, pages, [post("S", "10:10")], Settings(join=Join(keys=keys))) as lab:
        assert sorted(lab.incidents()["incident_id"]) == ["A", "B"]
        assert lab.ambiguous().empty


def test_under_the_priority_rule_a_post_does_not_lift_a_page(exports):
    pages, posts = [page("A", "10:00")], [post("S", "10:10")]
    with loaded(exports, pages, posts, Settings(population=Population(count="priority"))) as lab:
        assert lab.incidents()["incident_id"].tolist() == ["S"]
        assert lab.incidents(population="page")["incident_id"].tolist() == ["A"]


def test_stamps_of_two_records_are_judged_together(exports):
    # The post began before the page, and its fix was announced before the page rang: each record is right alone.
    pages, posts = [page("P", "10:20", priority="P1")], [post("S", "10:00", identified="10:05", resolved="10:45")]
    with loaded(exports, pages, posts) as lab:
        one = lab.incidents().iloc[0]
        alone = lab.sql("SELECT count(*) AS n FROM reports WHERE detected_at_verdict <> 'recorded'")["n"].item()
    assert alone == 0
    assert one["detected_at"] == pd.Timestamp("2026-03-01T10:20Z")
    assert one["diagnosed_at"] == pd.Timestamp("2026-03-01T10:05Z")
    assert "out_of_order" in {one["detected_at_verdict"], one["diagnosed_at_verdict"]}


def test_three_sources_join_into_one_incident_and_a_chain_that_would_crowd_one_source_does_not(exports):
    third = [{"incident_id": "T", "started_at": at("10:05"), "service": "checkout", "team": "shop"}]
    with loaded(exports, [page("P", "10:00")], [post("S", "10:12", resolved="11:00")]) as lab:
        lab.load(exports.table("third.csv", third), source="tracker")
        one = lab.incidents(population=None)
        assert len(one) == 1
        assert one["team"].tolist() == ["shop"]
        assert one["started_at"].notna().all()
    far = [{"incident_id": "T", "started_at": at("10:25"), "service": "checkout"}]
    # P meets S, S meets T, T meets the later page Q: together that would make P and Q one incident.
    pages = [page("P", "09:40", priority="P1"), page("Q", "10:50", priority="P1")]
    with loaded(exports, pages, [post("S", "10:05", resolved="11:00")]) as lab:
        lab.load(exports.table("far.csv", far), source="tracker")
        assert sorted(lab.incidents()["incident_id"]) == ["P", "Q", "S", "T"]
        assert lab.ambiguous()["reason"].str.contains("several pagerduty records one incident").all()


def test_a_record_that_its_source_keeps_apart_joins_nothing_by_time(exports):
    rows = [{"incident_id": "M", "started_at": at("10:05"), "service": "checkout", "population": "maintenance"}]
    with Lab() as lab:
        lab.load(exports.pager("pd.json", [page("P", "10:00")]))
        lab.load(exports.table("m.csv", rows))
        assert lab.population()[["source", "population"]].to_numpy().tolist() == [
            ["canonical", "maintenance"],
            ["pagerduty", "page"],
        ]


def test_keys_chain_and_a_key_that_names_two_of_one_tool_makes_them_one(exports):
    keys = exports.folder / "keys.csv"
    keys.write_text("pagerduty,statuspage\nA,S\nB,S\nB,T\n")
    pages = [page("A", "01:00", "01:30"), page("B", "05:00", "05:30"), page("C", "09:00", "09:30")]
    posts = [post("S", "13:00"), post("T", "20:00")]
    with loaded(exports, pages, posts, Settings(join=Join(keys=keys))) as lab:
        found = lab.incidents(population=None)
        assert sorted(found["incident_id"]) == ["A", "C"]
        assert found.set_index("incident_id").loc["A", "detected_at"] == pd.Timestamp("2026-03-01T01:00Z")
        assert lab.sql("SELECT count(*) AS n FROM latest")["n"].item() == 5
