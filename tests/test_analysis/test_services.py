from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis.comparison import compare_periods
from mttrlab.analysis.services import compare_services, pool_services
from mttrlab.errors import QuestionError, SchemaError


def services(logs: dict[str, np.ndarray]) -> pd.DataFrame:
    names = np.repeat(list(logs), [len(v) for v in logs.values()])
    return pd.DataFrame({"service": names, "recovery": np.exp(np.concatenate(list(logs.values())))})


def test_small_services_are_drawn_further_and_an_empty_one_has_the_common_level() -> None:
    chance = np.random.default_rng(1)
    logs = {name: chance.normal(mu, 1, n) for name, mu, n in (("a", 3, 200), ("b", 4, 50), ("c", 5, 30), ("d", 6, 3))}
    frame = services(logs)
    frame["recovery_observed"] = pd.array([True] * len(frame), dtype="boolean")
    frame = pd.concat(
        [frame, pd.DataFrame({"service": ["e"], "recovery": [5.0], "recovery_observed": [False]})], ignore_index=True
    )
    table = pool_services(frame).set_index("service")
    assert table["own_weight"]["a"] > table["own_weight"]["b"] > table["own_weight"]["d"]
    assert table["pooled"]["d"] < table["geometric_mean"]["d"]
    assert table["pooled"]["e"] == pytest.approx(table["all_services"]["e"])
    assert (table["n"]["e"], table["open"]["e"]) == (0, 1)
    assert (table["low"] < table["pooled"]).all()
    assert table["high"]["e"] / table["low"]["e"] == (table["high"] / table["low"]).max()


def test_pooled_services_are_nearer_to_the_truth() -> None:
    chance = np.random.default_rng(2)
    own, drawn, covered, total = 0.0, 0.0, 0, 0
    for _ in range(60):
        truth = {f"s{i}": chance.normal(4, 0.4) for i in range(12)}
        table = pool_services(services({k: chance.normal(mu, 1.2, 6) for k, mu in truth.items()})).set_index("service")
        for name, mu in truth.items():
            own += (math.log(table["geometric_mean"][name]) - mu) ** 2
            drawn += (math.log(table["pooled"][name]) - mu) ** 2
            covered += table["low"][name] <= math.exp(mu) <= table["high"][name]
            total += 1
    assert drawn < 0.7 * own
    assert covered / total > 0.85


def test_fifty_steady_services_are_not_called_changed() -> None:
    chance = np.random.default_rng(3)
    frames = [services({f"s{i}": chance.normal(4, 1, 20) for i in range(50)}) for _ in range(2)]
    table = compare_services(*frames)
    alone = (table["ratio_high"] < 1) | (table["ratio_low"] > 1)
    assert alone.sum() >= 1
    assert (table["verdict"] == "cannot tell").all()
    changed = services({f"s{i}": chance.normal(4 - 2 * (i < 5), 1, 20) for i in range(50)})
    called = compare_services(frames[0], changed).set_index("service")["verdict"]
    assert (called[[f"s{i}" for i in range(5)]] == "better").all()
    assert (called != "cannot tell").sum() <= 6


def test_services_of_one_period_only_have_no_verdict() -> None:
    chance = np.random.default_rng(4)
    before = services({"a": chance.normal(4, 1, 20), "b": chance.normal(4, 1, 20)})
    table = compare_services(before, before[before["service"] == "a"]).set_index("service")
    assert table["verdict"]["b"] == "cannot tell"
    assert math.isnan(table["p"]["b"])
    assert table["n_after"]["b"] == 0
    assert compare_services(before.iloc[:0], before.iloc[:0]).empty
    lone = compare_services(before.iloc[:1], before.iloc[:1])
    assert lone["verdict"].tolist() == ["cannot tell"]


def test_bad_questions_are_refused() -> None:
    frame = services({"a": np.ones(3)})
    with pytest.raises(QuestionError, match="no column"):
        pool_services(frame, by="region")
    with pytest.raises(QuestionError, match="no column"):
        compare_services(frame, frame, by="region")
    with pytest.raises(QuestionError, match="rate must lie"):
        compare_services(frame, frame, rate=0)


def test_each_service_is_compared_as_if_alone_open_incidents_and_all() -> None:
    chance = np.random.default_rng(6)
    frames = []
    for later in (0, 1):
        frame = services({name: chance.normal(4 - later, 1, n) for name, n in (("a", 20), ("b", 9), ("c", 3))})
        frame["recovery_observed"] = pd.array(chance.random(len(frame)) < 0.9, dtype="boolean")
        frames.append(frame)
    table = compare_services(*frames).set_index("service")
    for name in "abc":
        alone = compare_periods(*(f[f["service"] == name] for f in frames), adjust=()).iloc[0]
        assert table["ratio"][name] == alone[alone["based_on"]]
        assert table["ratio_high"][name] == alone[f"{alone['based_on']}_high"]
    assert math.isnan(table["p"]["c"])


def test_incidents_of_no_service_are_a_line_of_their_own_and_lists_are_refused() -> None:
    frame = services({"a": np.ones(3), "b": np.zeros(3)})
    frame["service"] = frame["service"].where(frame["service"] == "a")
    assert compare_services(frame, frame)["service"].tolist() == ["a", "not said"]
    frame["service"] = [["a"]] * 6
    with pytest.raises(SchemaError, match="must hold words"):
        compare_services(frame, frame)
