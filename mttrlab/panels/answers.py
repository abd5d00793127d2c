"""What the sliders show, as plain functions: lever values in, a table and its page out."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from html import escape

import pandas as pd

from mttrlab.decisions.baseline import Baseline, keep_baseline
from mttrlab.decisions.compare import checked, note, what
from mttrlab.figures.style import drawable, minutes_label
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model import validation
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.scenario import Scenario

ALL_TOGETHER = "together"

_LIVE_INCIDENTS = {"compiled": 40_000, "simpy": 4_000}
"""Incidents that each engine answers for while a slider is dragged."""
_MIN_REPLICATIONS, _MAX_REPLICATIONS = 20, 1000

AnswerCache = MutableMapping[Scenario, dict[str, float]]


def keep_for_sliders(
    model: ResponseModel,
    *,
    days: float = 365,
    replications: int | None = None,
    seed: int = 7,
    measure: str | None = None,
    engine: str = "auto",
    n_jobs: int = 1,
) -> Baseline:
    """Return a kept baseline of a size that answers while a slider is dragged.

    Parameters
    ----------
    model, days, seed, measure, engine, n_jobs
        As for `keep_baseline`.
    replications : int, optional
        Default: as many as the engine answers for at once, from 20 to 1,000; SimPy takes a tenth of the compiled ones.
    """
    name = model_runs.engine_name(engine, model)
    if replications is None:
        fit = _LIVE_INCIDENTS[name] / max(model.per_day * days, 1e-9)
        replications = int(min(max(fit, _MIN_REPLICATIONS), _MAX_REPLICATIONS))
    return keep_baseline(
        model, days=days, replications=replications, seed=seed, measure=measure, engine=name, n_jobs=n_jobs
    )


def what_if(
    baseline: Baseline,
    *,
    incident_types: Sequence[str] = (),
    services: Sequence[str] = (),
    pools: Sequence[str] = (),
    check: object = None,
    known: AnswerCache | None = None,
    **levers: float,
) -> pd.DataFrame:
    """Return what each lever saves by itself, and all of them together.

    Parameters
    ----------
    baseline : Baseline
        As `keep_for_sliders(model)` or `keep_baseline(model)` give it.
    incident_types, services, pools : sequence of str
        Move the levers for these alone, as for `Scenario`.
    check : optional
        What `check_model` said of this model; its words stand in `checked`.
    known : dict, optional
        Answers so far, by scenario: those that are there are not computed again, new ones are added.
    **levers : float
        Settings, as for `Scenario`.

    Returns
    -------
    DataFrame
        Rows and columns of `compare_scenarios`: Baseline, one row per lever, and `together` where there are several.

    Raises
    ------
    ModelError
        When a setting cannot be, or people would have more work than hours.

    Examples
    --------
    >>> from mttrlab.response import FixPath, IncidentType, Distribution, ResponseModel
    >>> fix = FixPath("rollback", Distribution("lognormal", 3.0, 0.5), 1.0, 1.0)
    >>> kind = IncidentType("deploy", 0.3, diagnose=Distribution("exponential", 30.0), paths=(fix,))
    >>> kept = keep_for_sliders(ResponseModel((kind,)), replications=20, engine="simpy")
    >>> what_if(kept, rollback_minutes=5, diagnosis_factor=0.5)["scenario"].tolist()
    ['Baseline', 'rollback_minutes=5', 'diagnosis_factor=0.5', 'together']
    """
    validation.a("baseline", Baseline, baseline)
    known = {} if known is None else known

    def moved(name: str, settings: Mapping[str, float]) -> Scenario:
        return Scenario(name, incident_types=incident_types, services=services, pools=pools, ramp=None, **settings)

    parts = [moved(_scenario_name(lever, value), {lever: value}) for lever, value in levers.items()]
    if len(parts) > 1:
        parts.append(moved(ALL_TOGETHER, levers))
    rows = [
        _cached_answer(known, Scenario("Baseline"), baseline),
        *(_cached_answer(known, part, baseline) for part in parts),
    ]
    table = pd.DataFrame(rows)
    table.insert(0, "scenario", pd.Series(["Baseline", *(part.name for part in parts)], dtype="str"))
    table.insert(1, "measure", pd.Series([baseline.measure] * len(table), dtype="str"))
    table["replications"] = replications(baseline)
    table["seed"] = baseline.pieces[0].numbers.seed
    line = str(check) if check is not None else checked(baseline.model)
    table["checked"] = pd.Series([line] * len(table), dtype="str")
    model = baseline.model
    table["what"] = pd.Series(["as it is", *(what(model, part) for part in parts)], dtype="str")
    table["note"] = pd.Series(["", *(note(model, part) for part in parts)], dtype="str")
    table.attrs["days"] = baseline.days
    table.attrs["engine"] = baseline.engine
    return table


def _scenario_name(lever: str, value: object) -> str:
    return f"{lever}={value:g}" if isinstance(value, (int, float)) else f"{lever}={value!r}"


def replications(baseline: Baseline) -> int:
    """Return how many horizons a kept baseline holds."""
    return sum(piece.span[1] - piece.span[0] for piece in baseline.pieces)


def _cached_answer(known: AnswerCache, scenario: Scenario, baseline: Baseline) -> dict[str, float]:
    if scenario not in known:
        known[scenario] = baseline.against(scenario) if scenario.levers else baseline.row()
    return known[scenario]


def answer_html(table: pd.DataFrame, *, days: float = 365) -> str:
    """Return a table of `what_if` as a small page: the verdict, one sentence, one bar with its band per lever, its n.

    Parameters
    ----------
    table : DataFrame
    days : float
        Length of a replication, for the line below.
    """
    base, rest = table.iloc[0], table.iloc[1:]
    measure = str(base["measure"]).replace("_", " ")
    # What the check against history found stands above every what-if.
    said = [f"<p>{escape(drawable(str(base['checked']), 600))}</p>", f"<p>{escape(_sentence(base, measure))}</p>"]
    if len(rest):
        said.append(f"<p style='font-size:1.35em'>{_headline(rest.iloc[-1])}</p>")
        low, high = min(0.0, float(rest["saving_low"].min())), max(1e-9, float(rest["saving_high"].max()))
        said.append("<table style='border-collapse:collapse'>")
        said += [_bar_row(row, low, high) for _, row in rest.iterrows()]
        said.append("</table>")
    else:
        said.append("<p style='font-size:1.35em'>Nothing is moved yet.</p>")
    said += [f"<p>{escape(drawable(text, 300))}</p>" for text in dict.fromkeys(rest["note"]) if text]
    said.append(f"<p style='color:#6b6b6b'>{escape(drawable(_rests_on(table, days), 600))}</p>")
    return "\n".join(said)


def _sentence(base: pd.Series, measure: str) -> str:
    return (
        f"As it is: {base['incidents']:,.0f} incidents a run, mean {minutes_label(base['mean'])} on the clock "
        f"{measure} (8 of 10 runs: {minutes_label(base['mean_low'])} to {minutes_label(base['mean_high'])}), "
        f"median {minutes_label(base['median'])}, P90 {minutes_label(base['p90'])}."
    )


def _headline(row: pd.Series) -> str:
    word = "saved" if row["saving"] >= 0 else "lost"
    sign = 1 if row["saving"] >= 0 else -1
    return (
        f"<b>{minutes_label(abs(row['saving']))}</b> per incident {word} "
        f"<span style='color:#6b6b6b'>({minutes_label(row['saving_low'] * sign)} to "
        f"{minutes_label(row['saving_high'] * sign)})</span>, "
        f"<b>{abs(row['minutes_saved_per_year']):,.0f}</b> minutes a year "
        f"<span style='color:#6b6b6b'>({row['minutes_saved_per_year_low'] * sign:,.0f} to "
        f"{row['minutes_saved_per_year_high'] * sign:,.0f})</span>"
    )


def _bar_row(row: pd.Series, low: float, high: float) -> str:
    width, span = 260.0, high - low

    def at(value: float) -> float:
        return round(width * (float(value) - low) / span, 1) if span else 0.0

    left, right, middle, zero = (at(v) for v in (row["saving_low"], row["saving_high"], row["saving"], 0.0))
    bar = (
        f"<svg width='{width + 12:g}' height='18' role='img' aria-label='{escape(minutes_label(row['saving']))}'>"
        f"<line x1='{zero + 6}' x2='{zero + 6}' y1='0' y2='18' stroke='#6b6b6b'/>"
        f"<rect x='{left + 6}' y='6' width='{max(right - left, 1)}' height='6' fill='#0072B2'/>"
        f"<rect x='{middle + 2.5}' y='2' width='7' height='14' fill='#1a1a1a'/></svg>"
    )
    cell = "<td style='text-align:left;padding:1px 14px 1px 0;white-space:nowrap'>"
    band = f"{minutes_label(row['saving_low'])} to {minutes_label(row['saving_high'])}"
    label = "all together" if row["scenario"] == ALL_TOGETHER else drawable(row["what"], 90)
    return (
        f"<tr>{cell}{escape(label)}</td>{cell}{bar}</td>{cell}{escape(minutes_label(row['saving']))} ({band})</td></tr>"
    )


def _rests_on(table: pd.DataFrame, days: float) -> str:
    base = table.iloc[0]
    engine = str(table.attrs.get("engine", "?"))
    few = "; SimPy, as numba is not installed: fewer replications" if engine == "simpy" else ", engine compiled"
    return (
        f"n = {int(base['replications'])} replications of {days:g} days, the same incidents and luck for every row; "
        f"seed {int(base['seed'])}{few}; bars hold 8 of 10 runs"
    )
