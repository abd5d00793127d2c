"""What the settings do to records: names, types, populations. No reload is needed for any of it."""

from __future__ import annotations

import pytest
from pandas.testing import assert_frame_equal

from mttrlab.lab import Lab, Settings
from mttrlab.lab.settings import Excluded, Population, TypePattern

PAGES = [
    {"id": "P1", "at": "2026-03-01T10:00:00", "end": "2026-03-01T11:00:00", "priority": "P1", "service": "Pay-API"},
    {"id": "P2", "at": "2026-03-02T10:00:00", "end": "2026-03-02T10:05:00", "service": "pay-api"},
    {"id": "P3", "at": "2026-03-03T10:00:00", "priority": "P3", "title": "Game Day: failover", "service": "fraud"},
    {"id": "P4", "at": "2026-03-04T10:00:00", "title": "Certificate expired", "service": "fraud"},
]


def populations(lab: Lab) -> dict[str, str]:
    records = lab.incidents(population=None)
    return dict(zip(records["incident_id"], records["population"], strict=True))


def test_a_page_counts_only_with_a_priority_until_a_rule_says_otherwise(exports):
    with Lab() as lab:
        lab.load(exports.pager("pd.json", PAGES))
        assert populations(lab) == {"P1": "counted", "P2": "page", "P3": "counted", "P4": "page"}
        lab.apply(Settings(population=Population(priorities=("p1",))))
        assert populations(lab) == {"P1": "counted", "P2": "page", "P3": "page", "P4": "page"}
        lab.apply(Settings(population=Population(include_titles=("certificate",))))
        assert populations(lab)["P4"] == "counted"
        lab.apply(Settings(population=Population(count="all")))
        assert set(populations(lab).values()) == {"counted"}
        assert lab.population()["records"].tolist() == [4]
        assert "every page counts" in lab.population_rule()


def test_a_title_that_tells_of_a_drill_keeps_the_record_apart_and_counted(exports):
    apart = Population(exclude_titles=(Excluded(pattern=r"\bgame ?day\b", population="drill"), Excluded(pattern="day")))
    with Lab() as lab:
        lab.load(exports.pager("pd.json", PAGES))
        lab.apply(Settings(population=apart))
        assert populations(lab)["P3"] == "drill"
        assert "P3" not in lab.incidents()["incident_id"].tolist()
        assert lab.incidents(population="drill")["incident_id"].tolist() == ["P3"]


def test_services_have_the_team_s_name_whatever_case_and_blanks_tools_use(exports):
    with Lab() as lab:
        lab.load(exports.pager("pd.json", [*PAGES, {"id": "P5", "at": "2026-03-05T10:00:00", "service": " PAY-api "}]))
        lab.apply(Settings(services={"payments": ("pay-api",)}))
        named = lab.incidents(population=None).set_index("incident_id")["service"]
        assert named.to_dict() == {"P1": "payments", "P2": "payments", "P3": "fraud", "P4": "fraud", "P5": "payments"}


def test_severity_words_become_the_team_s(exports):
    with Lab() as lab:
        lab.load(exports.pager("pd.json", PAGES))
        lab.apply(Settings(severity={"p1": "SEV1"}))
        assert lab.incidents().set_index("incident_id")["severity"].to_dict() == {"P1": "SEV1", "P3": "P3"}


def test_the_first_title_pattern_names_the_type_only_where_the_source_gives_none(exports):
    rows = [
        {"incident_id": "a", "started_at": "2026-03-01T10:00:00", "title": "Certificate and disk", "incident_type": ""},
        {"incident_id": "b", "started_at": "2026-03-01T11:00:00", "title": "disk full", "incident_type": "capacity"},
        {"incident_id": "c", "started_at": "2026-03-01T12:00:00", "title": "DISK full", "incident_type": ""},
        {"incident_id": "d", "started_at": "2026-03-01T13:00:00", "title": "odd", "incident_type": ""},
    ]
    types = (
        TypePattern(pattern="certificate|tls", type="certificate"),
        TypePattern(pattern="^disk|disk$", type="disk"),
    )
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows))
        lab.apply(Settings(incident_types=types))
        found = lab.incidents().set_index("incident_id")["incident_type"]
        assert found.dropna().to_dict() == {"a": "certificate", "b": "capacity", "c": "disk"}
        assert found.isna()["d"]
        lab.apply(Settings.default())
        assert lab.incidents()["incident_type"].dropna().tolist() == ["capacity"]


@pytest.mark.parametrize("word", ["'; DROP TABLE reports; --", "100%_\\", "$1 {} \N{SNOWMAN}"])
def test_what_settings_and_data_say_is_never_code(exports, word):
    rows = [{"incident_id": "a", "started_at": "2026-03-01T10:00:00", "service": word, "title": word, "severity": word}]
    settings = Settings(services={"ours": (word,)}, severity={word: word[::-1]})
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows))
        lab.apply(settings)
        record = lab.incidents().iloc[0]
        assert (record["service"], record["severity"], record["title"]) == ("ours", word[::-1], word)


def test_settings_live_in_the_lab_s_file(exports, tmp_path):
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(exports.pager("pd.json", PAGES))
        told = lab.data_hash()
        lab.apply(Settings(population=Population(count="all"), slo=0.99))
        assert lab.data_hash() != told
    with Lab(tmp_path / "lab.duckdb", read_only=True) as lab:
        assert lab.settings.slo == 0.99
        assert len(lab.incidents()) == 4


def test_a_lab_joins_from_the_first_record_that_needs_it_and_when_its_file_is_opened_again(exports, tmp_path):
    path = tmp_path / "lab.duckdb"
    with Lab(path) as lab:
        lab.load(exports.pager("pd.json", PAGES))
        assert populations(lab) == {"P1": "counted", "P2": "page", "P3": "counted", "P4": "page"}
    post = {"id": "S1", "at": "2026-03-02T10:01:00", "services": ["pay-api"], "resolved": "2026-03-02T10:20:00"}
    with Lab(path) as lab:
        lab.load(exports.posts("page.json", [post], seen="2026-03-05T00:00:00"))
        joined = lab.incidents(population=None)
        # The post makes an incident of the page, and is no incident beside it.
        assert populations(lab) == {"P1": "counted", "P2": "counted", "P3": "counted", "P4": "page"}
    with Lab(path, read_only=True) as lab:
        assert_frame_equal(lab.incidents(population=None), joined)
