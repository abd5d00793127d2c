"""`mttrlab.yml`: every error at once, each with its place; YAML's surprises do not happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from mttrlab.errors import SettingsError
from mttrlab.lab import Settings


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "mttrlab.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_an_empty_file_says_nothing_and_the_defaults_hold(written):
    assert Settings.read(written("# nothing yet\n")) == Settings.default() == Settings()
    assert Settings.read(written("services:\nslo:\n")) == Settings.default()


def test_words_stay_what_was_typed(written):
    settings = Settings.read(
        written(
            "services: {on: [yes, no], 0123: [1e5]}\n"
            "severity: {1: sev1, null-ish: ~x}\n"
            "working_hours: {start: 09:00, end: 18:00, timezone: Europe/Lisbon}\n"
            "slo: 0.9995\n"
        )
    )
    assert settings.services == {"on": ("yes", "no"), "0123": ("1e5",)}
    assert settings.severity == {"1": "sev1", "null-ish": "~x"}
    assert (settings.working_hours.start, settings.working_hours.end) == ("09:00", "18:00")
    assert settings.slo == 0.9995


def test_every_error_is_told_at_once_with_its_place(written):
    text = """
sevrity: {a: b}
population: {count: pages, exclude_titles: [{pattern: "(", population: test}]}
join: {within_minutes: -3}
sources: {"a.csv": {timezone: Mars/Olympus}}
slo: 1.2
working_hours: {start: "25:00", days: [monday]}
incident_types: [{pattern: x}]
"""
    with pytest.raises(SettingsError) as refusal:
        Settings.read(written(text))
    told = str(refusal.value)
    for part in (
        "sevrity is no setting",
        "population.count",
        "population.exclude_titles.0.pattern '(' is no regular expression",
        "join.within_minutes",
        "sources.a.csv.timezone 'Mars/Olympus' is no time zone",
        "slo",
        "working_hours.start",
        "working_hours.days.0",
        "incident_types.0.type",
    ):
        assert part in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slo: 0.9\nslo: 0.99\n", "line 2: the file says 'slo' twice"),
        ("services:\n  a: [x]\n  a: [y]\n", "line 3: services says 'a' twice"),
        ("services: &all {a: [b]}\nseverity: *all\n", "line 2: aliases"),
        ("services: [a\n", "correct the YAML"),
        ("- a\n", "must hold settings as"),
        ("a: b: c\n", "correct the YAML"),
        ("? [a, b]\n: c\n", "has a key that is no plain word"),
        ("x: !!python/object:os.system {}\n", "x is no setting"),
        ("services: {a: [A, b], c: [B]}\n", "is named under both"),
        ("services: {a: b}\n", "services.a"),
        ("x" * 1_000_001, "longer than"),
        ("[" * 5000, "mttrlab.yml"),
    ],
)
def test_what_is_no_settings_file_is_refused_in_a_sentence(written, text, says):
    with pytest.raises(SettingsError, match=says) as refusal:
        Settings.read(written(text))
    assert len(str(refusal.value)) < 600


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.read(tmp_path / "absent.yml")
    (tmp_path / "mttrlab.yml").write_bytes(b"slo: \xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        Settings.read(tmp_path / "mttrlab.yml")


def test_the_key_table_is_found_beside_the_file_and_checked(written, tmp_path):
    path = written("join: {keys: keys.csv}\n")
    with pytest.raises(SettingsError, match=r"join\.keys: .*cannot be read"):
        Settings.read(path)
    for content, says in (
        ("pagerduty\nA\n", "at least two"),
        ("a,a\n1,2\n", "different"),
        ("a,b\n1\n", "line 2 has 1"),
    ):
        (tmp_path / "keys.csv").write_text(content)
        with pytest.raises(SettingsError, match=says):
            Settings.read(path)
    (tmp_path / "keys.csv").write_text("pagerduty,statuspage\nA,S\n")
    assert Settings.read(path).join.keys == tmp_path / "keys.csv"
