from __future__ import annotations

import pytest

from mttrlab.analysis.minimum_counts import MINIMUM_COUNTS, minimum_count, why_withheld
from mttrlab.errors import QuestionError


def test_quantile_thresholds_are_where_a_bound_without_a_law_begins() -> None:
    for number, q, bounds in (("p90", 0.9, 1), ("p95", 0.95, 1), ("p99", 0.99, 1)):
        needed = minimum_count(number).needs
        assert 1 - q**needed >= 0.95 > 1 - q ** (needed - bounds)
    # Two-sided for the median: from the shortest to the longest.
    assert 1 - 2 * 0.5 ** minimum_count("median").needs >= 0.95 > 1 - 2 * 0.5 ** (minimum_count("median").needs - 1)


def test_each_refusal_offers_something_weaker() -> None:
    for row in MINIMUM_COUNTS:
        told = why_withheld(row.number, 0)
        assert row.instead in told
        assert str(row.needs) in told
        assert why_withheld(row.number, row.needs) == ""


def test_an_unknown_number_is_refused() -> None:
    with pytest.raises(QuestionError, match="number must be one of mean"):
        why_withheld("mode", 3)
