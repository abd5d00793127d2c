from __future__ import annotations

import numpy as np
import pytest

from mttrlab.analysis.distribution_fit import qq_table
from mttrlab.errors import QuestionError


def test_most_of_a_true_sample_lies_in_the_band() -> None:
    table = qq_table(np.exp(np.random.default_rng(5).normal(4, 1, 80)))
    inside = table["minutes"].between(table["low"], table["high"])
    assert inside.mean() > 0.85
    assert (table["low"] < table["expected"]).all()
    assert (table["expected"] < table["high"]).all()
    heavy = np.exp(np.clip(np.random.default_rng(6).standard_t(1.5, 80) + 4, -18, 18))
    table = qq_table(heavy)
    assert not table["minutes"].between(table["low"], table["high"]).all()


def test_open_incidents_have_no_row_of_their_own_but_move_the_others() -> None:
    minutes = [12.0, 25, 31, 47, 60, 75, 90, 120, 180, 240]
    table = qq_table(minutes, observed=[True, True, True, True, False, True, False, True, False, True])
    assert table["minutes"].tolist() == [12, 25, 31, 47, 75, 120, 240]
    # Steps of the survival curve: 1, .9, .8, .7, .6, .48, .32, 0, at half height.
    assert table["quantile"].tolist() == pytest.approx([0.05, 0.15, 0.25, 0.35, 0.46, 0.6, 0.84])


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(QuestionError, match="family must be one of"):
        qq_table([1.0, 2, 3, 4, 5], "pareto")
    with pytest.raises(QuestionError, match="needs 5 ended durations above zero; got 2"):
        qq_table([1.0, 2, 0])
