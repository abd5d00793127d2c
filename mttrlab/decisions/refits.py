"""What a fit does not know: the model refitted to resampled history, and the same what-ifs under each of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.decisions.baseline import BAND, keep_baseline
from mttrlab.errors import ModelError, QuestionError
from mttrlab.response.calibration.fit import fit_model
from mttrlab.response.calibration.priors import Priors
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.scenario import Scenario
from mttrlab.schema import Practices

COLUMNS = ("mean_refit_low", "mean_refit_high", "saving_refit_low", "saving_refit_high")
_FEWEST = 5


def refits(
    incidents: pd.DataFrame,
    *,
    n: int = 20,
    seed: int = 0,
    practices: Practices | None = None,
    responders: int | str | None = None,
    deployments: pd.DataFrame | None = None,
    firings: pd.DataFrame | None = None,
) -> tuple[ResponseModel, ...]:
    """Return models fitted to resampled incidents: how far they differ is what the fit does not know.

    Parameters
    ----------
    incidents : DataFrame
        The history of `ResponseModel.fit`.
    n : int, default 20
        How many.
    seed : int, default 0
    practices, responders, deployments, firings
        As for `ResponseModel.fit`; settings and deployments are taken as known.

    Returns
    -------
    tuple of ResponseModel
        Fewer than `n` where a resample holds too little to fit.

    Raises
    ------
    ModelError
        When fewer than five resamples can be fitted.

    Notes
    -----
    The bootstrap of whole incidents (Efron, 1979); how many there are is drawn too (Poisson), so that the rate of
    arrivals is not taken as known. Resampling cannot doubt what the history does not say: what a fit borrows (the
    share of incidents that alerts see where nobody says who noticed, an attempt's chance of success, a new runbook's
    effect, the minutes of a flag) is drawn anew from its stated prior in every refit (`response.calibration.priors`).
    """
    validation.whole("n of refits", n, _FEWEST, 1000)
    validation.whole("seed", seed, 0, 2**63)
    validation.data_frame("incidents", incidents, "lab.incidents()")
    made, why = [], ""
    for child in np.random.SeedSequence(seed).spawn(n):
        chance = np.random.default_rng(child)
        rows = chance.integers(0, max(len(incidents), 1), chance.poisson(len(incidents)))
        sample = incidents.iloc[rows].reset_index(drop=True) if len(incidents) else incidents
        if "incident_id" in sample:
            sample = sample.assign(incident_id=[f"{name} ({k})" for k, name in enumerate(sample["incident_id"])])
        try:
            fitted = fit_model(
                sample, practices=practices, responders=responders, deployments=deployments, firings=firings,
                check=False, back_test=False, priors=Priors.sample(chance),
            )  # fmt: skip
            made.append(fitted)
        except ModelError as refusal:
            why = str(refusal)
    if len(made) < _FEWEST:
        raise ModelError(f"{len(made)} of {n} resamples of the incidents can be fitted, and {_FEWEST} must; {why}")
    return tuple(made)


def refit_bands(
    models: Sequence[ResponseModel],
    scenarios: Sequence[Scenario],
    *,
    days: float,
    replications: int,
    seed: int,
    measure: str,
    engine: str,
) -> tuple[pd.DataFrame, int]:
    """Return where 80 % of the refits put the expected mean and saving, one row for the baseline and each scenario.

    Returns
    -------
    DataFrame
        `COLUMNS` in minutes (`ends` says how), and `refits`: how many could answer (a resample may lack what a
        scenario changes).
    int
        Refits that were asked: fewer than there are after Ctrl-C.
    """
    asked = []
    try:
        for model in models:
            asked.append(_expected(model, scenarios, days, replications, seed, measure, engine))
    except KeyboardInterrupt:
        pass
    values = np.array(asked) if asked else np.full((1, len(scenarios) + 1, 2), np.nan)
    rows = []
    for s in range(len(scenarios) + 1):
        known = values[~np.isnan(values[:, s]).any(axis=1), s]
        found = np.concatenate([ends(column) for column in known.T]) if len(known) >= _FEWEST else np.full(4, np.nan)
        rows.append({**dict(zip(COLUMNS, found.tolist(), strict=True)), "refits": len(known)})
    return pd.DataFrame(rows), len(asked)


def _expected(
    model: ResponseModel,
    scenarios: Sequence[Scenario],
    days: float,
    replications: int,
    seed: int,
    measure: str,
    engine: str,
) -> Floats:
    """Return mean and saving of the baseline and each scenario under one refit; NaN where it cannot answer."""
    values = np.full((len(scenarios) + 1, 2), np.nan)
    try:
        kept = keep_baseline(model, days=days, replications=replications, seed=seed, measure=measure, engine=engine)
    except (ModelError, QuestionError):
        return values
    values[0] = kept.row()["mean"], 0.0
    for s, scenario in enumerate(scenarios, start=1):
        try:
            row = kept.against(scenario)
        except ModelError:
            continue
        values[s] = row["mean"], row["saving"]
    return values


def ends(values: Floats) -> Floats:
    """Return where 80 % of refits of this kind would lie: the ends of the band.

    Notes
    -----
    The lowest and the highest of m refits hold (m − 1)/(m + 1) of all, not all; so the ends are the order statistics
    number 0.1 (m + 1) and 0.9 (m + 1), which hold 80 % on average (Wilks, 1941; Weibull's plotting positions).
    Quantiles read off as if the refits were all there are hold 68 % with 12. Below 9 refits there are no such order
    statistics, and Student's t for one more refit is used.

    Examples
    --------
    >>> ends(np.arange(1.0, 20.0)).tolist()
    [2.0, 18.0]
    >>> ends(np.array([4.0, 5.0, 6.0, 5.0, 5.0])).round(2).tolist()
    [3.81, 6.19]
    """
    m = len(values)
    if 0.1 * (m + 1) >= 1:
        return np.asarray(np.quantile(values, BAND, method="weibull"))
    half = float(special.stdtrit(m - 1, BAND[1])) * float(values.std(ddof=1)) * np.sqrt(1 + 1 / m)
    return np.array([values.mean() - half, values.mean() + half])
