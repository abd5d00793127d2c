"""The sentences of the first screen, each worked by hand."""

from __future__ import annotations

import math
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.review import sentences as say
from mttrlab.schema import CLOCKS
from mttrlab.text import (
    format_minutes,
    minutes_in_words,
    months_in_words,
    range_in_words,
    share_in_words,
)

FORBIDDEN = ("median", "p90", "interval", "confidence", "significant", "geometric", "censored", "n =", "n=")


def test_what_happened_names_the_clock_by_its_ends() -> None:
    pieces = say.month_pieces(
        "June", 23, 0, "a typical one took between 40 and 70 minutes", say.clock_ends("detected_to_resolved")
    )
    assert " ".join(pieces) == (
        "23 incidents in June, none still open, "
        "and a typical one took between 40 and 70 minutes from detection to the fix."
    )


def test_one_incident_is_not_said_in_the_plural() -> None:
    pieces = say.month_pieces("June", 1, 1, "", say.clock_ends("recovery"), complete=False)
    assert " ".join(pieces) == (
        "1 incident in June so far, 1 still open, "
        "and none of them can be timed from start of impact to confirmed recovery."
    )


def test_a_month_without_incidents_is_a_sentence() -> None:
    assert say.month_pieces("June", 0, 0, "", say.clock_ends("recovery")) == [
        "No incident began in June,",
        "so there is nothing to time.",
    ]


def test_too_few_for_a_typical_time_are_told_from_the_shortest_to_the_longest() -> None:
    none = {"n": 3, "median_low": math.nan, "median_high": math.nan}
    assert say.typical_time(none, 12, 95) == "the timed ones took between 12 and 95 minutes"
    assert say.typical_time(none | {"n": 1}, 95, 95) == "the timed one took 95 minutes"


def test_the_worst_incidents_may_have_another_bottleneck() -> None:
    shares = pd.DataFrame({"phase": ["diagnose", "resolve"], "share": [0.6, 0.4], "share_of_tail": [0.3, 0.7]})
    assert say.costliest_sentence(shares) == (
        "Finding the cause costs most: about three fifths of the minutes, but in the worst incidents it is fixing."
    )


def test_without_two_usable_stamps_nothing_is_claimed() -> None:
    nothing = pd.DataFrame({"phase": [], "share": [], "share_of_tail": []})
    assert (
        say.costliest_sentence(nothing) == "Where the minutes went cannot be told: no incident has two usable stamps."
    )


def test_a_borrowed_ask_says_so() -> None:
    lever = {
        "scenario": "Rules for 45% of incidents",
        "saving_low": 21.0,
        "saving_high": 29.4,
        "note": "borrowed, not …",
    }
    assert say.ask_sentence(lever, None) == (
        "Rules for about two fifths of incidents: this would save between 21 and 29 minutes per incident "
        "(not yet checked against history; luck only; partly on borrowed figures)."
    )


def test_a_saving_beyond_the_typical_time_is_an_average_of_the_longest() -> None:
    lever = {"scenario": "Rules", "saving_low": 9000.0, "saving_high": 9900.0}
    assert "on average, most of it in the longest ones" in say.ask_sentence(lever, None, typical=200.0)


def test_without_a_lever_the_ask_is_what_to_record() -> None:
    assert say.ask_sentence(None, "started_at") == "No ask yet: record when the impact starts."
    assert say.ask_sentence(None, None, closed=False).startswith("No ask yet: record when the fix is in place")


def test_data_of_open_incidents_alone_say_that_nothing_has_ended() -> None:
    assert say.data_sentence(None, None, 0.0, []).startswith(
        "The exports show no incident of these months that has ended"
    )


@given(
    low=st.floats(0.01, 1e5),
    factor=st.floats(1, 50),
    share=st.floats(0, 1),
    counts=st.tuples(st.integers(0, 99_999), st.integers(0, 99_999)),
    measure=st.sampled_from(CLOCKS),
)
def test_sentences_never_hold_more_than_six_figures_or_a_statistical_term(
    low: float, factor: float, share: float, counts: tuple[int, int], measure: str
) -> None:
    typical = say.typical_time({"n": 30, "median_low": low, "median_high": low * factor}, low, low)
    said = [
        " ".join(say.month_pieces("June", *counts, typical, say.clock_ends(measure))),
        say.costliest_sentence(
            pd.DataFrame(
                {"phase": ["detect", "verify"], "share": [share, 1 - share], "share_of_tail": [1 - share, share]}
            )
        ),
        say.ask_sentence({"scenario": "Alerts within 2 minutes", "saving_low": low, "saving_high": low * factor}, None),
        say.data_sentence(share, "diagnosed_at", 1 - share, []),
    ]
    assert all(len(re.findall(r"[.!?](?:\s|$)", sentence)) == 1 for sentence in said)
    assert len(re.findall(r"\d[\d,.]*", " ".join(said))) <= 6
    assert not [term for term in FORBIDDEN if term in " ".join(said).lower()]


@given(st.floats(0, 1e7))
def test_minutes_are_never_said_as_sixty(value: float) -> None:
    assert not re.search(r"\b60 (min|minutes)\b", format_minutes(value))


@given(st.floats(0, 1))
def test_a_part_is_said_in_words_alone(share: float) -> None:
    assert not re.search(r"\d", share_in_words(share))


@pytest.mark.parametrize(
    ("months", "said"), [(1.0, "one month"), (20.0, "twenty months"), (21.0, "two years"), (43, "four years")]
)
def test_months_are_rounded_up(months: float, said: str) -> None:
    assert months_in_words(months) == said


def test_ranges_share_a_unit_where_they_can() -> None:
    assert range_in_words(20000, 30000) == "between 14 and 21 days"
    assert minutes_in_words(239) == "239 minutes"
