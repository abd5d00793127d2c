"""How many users an incident hits: the organisation's own mix, drawn by type and severity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mttrlab.errors import ModelError
from mttrlab.response import (
    Distribution,
    Impact,
    IncidentProfile,
    IncidentType,
    ResponseModel,
    Scenario,
    read_model,
    simulate,
    write_model,
)
from mttrlab.response.experiment.simulate import FEWEST

STEPS = {"detect": Distribution("constant", 5.0), "diagnose": Distribution("constant", 20.0)}
FACES = (IncidentProfile(0.25, severity="sev1", priority=1), IncidentProfile(0.75, severity="sev3", priority=3))
MODEL = ResponseModel(
    (IncidentType("deploy", 1.0, profiles=FACES, **STEPS), IncidentType("disk", 1.0, profiles=FACES, **STEPS)),
    users=(
        Impact((0.01,)),
        Impact((0.5, 1.0), severity="sev1"),
        Impact((0.2,), incident_type="disk", severity="sev1"),
    ),
)


def test_each_incident_hits_the_share_that_its_type_and_severity_say():
    hit = simulate(MODEL, replications=5, seed=1)
    shares = {key: set(mine.tolist()) for key, mine in hit.groupby(["incident_type", "severity"])["users"]}
    assert shares[("deploy", "sev1")] == {0.5, 1.0}
    assert shares[("disk", "sev1")] == {0.2}
    assert shares[("deploy", "sev3")] == shares[("disk", "sev3")] == {0.01}


def test_shares_seen_are_drawn_alike():
    hit = simulate(MODEL, days=3650, replications=4, seed=2)
    mine = hit[(hit["incident_type"] == "deploy") & (hit["severity"] == "sev1")]["users"].to_numpy(dtype=float)
    assert (mine == 0.5).mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / len(mine)))


def test_a_model_without_users_says_nothing_of_them_and_nothing_else_moves():
    with_users, without = simulate(MODEL, seed=3), simulate(replace(MODEL, users=()), seed=3)
    assert without["users"].isna().all()
    pd.testing.assert_frame_equal(with_users.drop(columns="users"), without.drop(columns="users"))


def test_a_lever_leaves_every_incident_its_users():
    faster = Scenario("x", diagnosis_factor=0.5)
    pd.testing.assert_series_equal(simulate(MODEL, seed=3)["users"], simulate(MODEL, seed=3, scenario=faster)["users"])


def test_a_fit_reproduces_the_mix_of_a_history_and_says_how_many_told():
    history = simulate(MODEL, days=1500, seed=4)
    history.loc[history.index % 10 == 0, "users"] = np.nan
    told = int(history["users"].notna().sum())
    fitted = ResponseModel.fit(history, check=False)
    again = simulate(fitted, days=3650, replications=5, seed=5)
    keys = ["incident_type", "severity"]
    then, now = (frame.groupby(keys)["users"].mean() for frame in (history, again))
    np.testing.assert_allclose(now[then.index], then, atol=0.03)
    assert again["users"].notna().all()
    note = fitted.notes.set_index("element").loc["share of users"]
    assert note["n"] == told
    assert f"{told} of {len(history)} incidents say" in note["sentence"]


def test_a_severity_seen_too_rarely_is_taken_for_the_rest():
    history = simulate(MODEL, days=400, seed=4)
    rare = history.index[: FEWEST - 1]
    history.loc[rare, "severity"] = "sev0"
    fitted = ResponseModel.fit(history, check=False)
    assert "sev0" not in {one.severity for one in fitted.users}
    assert simulate(fitted, days=3650, seed=1)["users"].notna().all()


def test_a_history_that_says_nothing_of_users_is_fitted_without():
    history = simulate(replace(MODEL, users=()), days=400, seed=4)
    assert ResponseModel.fit(history, check=False).users == ()


def test_users_go_through_a_model_file(tmp_path):
    path = write_model(MODEL, tmp_path / "model.yml")
    assert read_model(path).users == MODEL.users


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Impact(()), "at least one share"),
        (lambda: Impact((1.2,)), "from 0 to 1"),
        (lambda: Impact((np.nan,)), "got nan"),
        (lambda: Impact((True,)), "must be a number"),
        (lambda: Impact(0.5), "must be a list"),
        (lambda: replace(MODEL, users=(0.5,)), "must be an Impact"),
        (lambda: replace(MODEL, users=(Impact((0.1,), "nothing"),)), "no such type; it has deploy, disk"),
        (lambda: replace(MODEL, users=(Impact((0.1,)), Impact((0.2,)))), "stand there twice"),
    ],
)
def test_users_that_cannot_be_are_refused_in_a_sentence(wrong, sentence):
    with pytest.raises(ModelError, match=sentence):
        wrong()
