from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis import bottleneck, phase_correlations
from mttrlab.errors import SchemaError
from mttrlab.schema import PHASES

MEDIANS, SIGMAS = (5, 30, 15, 4), (1.0, 1.0, 0.9, 0.5)


def lognormal_phases(n: int, seed: int = 11) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {p: np.exp(generator.normal(np.log(m), s, n)) for p, m, s in zip(PHASES, MEDIANS, SIGMAS, strict=True)}
    )


def test_four_incidents_by_hand() -> None:
    rows = pd.DataFrame({"detect": [0.0, 10], "diagnose": [20.0, 60], "resolve": [10.0, 10], "verify": [5.0, 5]})
    table = bottleneck(rows).set_index("phase")
    assert table["share"].tolist() == pytest.approx([10 / 120, 80 / 120, 20 / 120, 10 / 120])
    assert table["share_of_tail"].tolist() == pytest.approx([10 / 85, 60 / 85, 10 / 85, 5 / 85])
    assert table["halved_saves"].tolist() == [2.5, 20, 5, 2.5]
    # P90 of 35 and 85 is 80; of 25 and 55, with half the diagnosis, 52.
    assert table.loc["diagnose", "halved_saves_p90"] == pytest.approx(80 - 52)
    assert set(table["n"]) == {2}


def test_the_three_views_are_those_of_theory_and_they_disagree() -> None:
    table = bottleneck(lognormal_phases(200_000))
    np.testing.assert_allclose(table["share"], [0.097296, 0.583774, 0.265434, 0.053496], atol=0.003)
    np.testing.assert_allclose(table["share_of_tail"], [0.049, 0.749, 0.184, 0.019], atol=0.006)
    np.testing.assert_allclose(table["elasticity_p90"], [0.076, 0.643, 0.251, 0.030], atol=0.02)
    assert table["halved_saves"].tolist()[1] == pytest.approx(84.727376 - 59.996557, rel=0.01)
    for view in ("share", "share_of_tail", "elasticity_mean", "elasticity_p90"):
        assert table[view].sum() == pytest.approx(1, abs=1e-9)


def test_the_interval_of_the_share_holds_the_true_share_as_often_as_it_says() -> None:
    true = np.array([0.097296, 0.583774, 0.265434, 0.053496])
    held = []
    for seed in range(60):
        table = bottleneck(lognormal_phases(300, seed=seed))
        held.append((table["share_low"] <= true) & (true <= table["share_high"]))
    assert 0.88 <= np.mean(held) <= 0.99


def test_incidents_that_lack_a_phase_are_left_out_and_n_says_so() -> None:
    rows = lognormal_phases(100)
    rows.loc[:29, "diagnose"] = np.nan
    rows["verify_observed"] = [True] * 95 + [False] * 5
    table = bottleneck(rows)
    assert set(table["n"]) == {65}
    assert set(table["share_of"]) == {"detect + diagnose + resolve + verify"}


def test_phases_that_the_data_never_have_are_no_part_of_the_shares() -> None:
    table = bottleneck(lognormal_phases(50).drop(columns=["detect", "verify"])).set_index("phase")
    assert table.loc[["detect", "verify"], "share"].isna().all()
    assert table.loc[["diagnose", "resolve"], "share"].sum() == pytest.approx(1)
    none = bottleneck(lognormal_phases(50)[["verify"]])
    assert none["share"].isna().all()
    assert set(none["n"]) == {0}


def test_loading_order_does_not_matter() -> None:
    rows = lognormal_phases(500)
    pd.testing.assert_frame_equal(bottleneck(rows), bottleneck(rows.sample(frac=1, random_state=2)), check_exact=True)


def test_correlations_are_spearmans_of_the_incidents_that_have_both() -> None:
    rows = lognormal_phases(300)
    rows["resolve"] = rows["diagnose"] ** 2
    rows.loc[:49, "resolve"] = np.nan
    table = phase_correlations(rows).set_index(["first", "second"])
    assert table.loc[("diagnose", "resolve"), "correlation"] == pytest.approx(1)
    assert table.loc[("diagnose", "resolve"), "n"] == 250
    expected = rows[["detect", "verify"]].corr("spearman").iloc[0, 1]
    assert table.loc[("detect", "verify"), "correlation"] == pytest.approx(expected)
    assert phase_correlations(rows.head(3))["correlation"].isna().all()


def test_a_table_without_phases_is_refused() -> None:
    with pytest.raises(SchemaError, match="no phase and no clock"):
        bottleneck(pd.DataFrame({"service": ["a"]}))
