"""The what-if panel: a slider per lever, answered while it is dragged. Thin, around `what_if`."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mttrlab.decisions.baseline import Baseline
from mttrlab.errors import MttrlabError, QuestionError
from mttrlab.figures.style import drawable
from mttrlab.panels.answers import AnswerCache, answer_html, keep_for_sliders, what_if
from mttrlab.panels.ranges import Slide, slides
from mttrlab.response.model.response_model import ResponseModel

if TYPE_CHECKING:
    from ipywidgets import FloatSlider, IntSlider, VBox

EVERYWHERE = "all incidents"


def import_widgets() -> ModuleType:
    """Return ipywidgets.

    Raises
    ------
    QuestionError
        When it is not installed.
    """
    try:
        return import_module("ipywidgets")
    except ImportError:
        raise QuestionError(
            "sliders need ipywidgets, which is not installed: pip install 'mttrlab[lab]'; "
            "what_if(keep_for_sliders(model), flagged=0.5) gives the same as a table"
        ) from None


def what_if_panel(model: ResponseModel, *, check: object = None, baseline: Baseline | None = None, **kept: Any) -> VBox:
    """Return sliders for every lever that this model can move, with the minutes saved above them.

    Parameters
    ----------
    model : ResponseModel
    check : optional
        What `check_model` said of this model.
    baseline : Baseline, optional
        Kept before; default `keep_for_sliders(model, **kept)`.
    **kept
        As for `keep_for_sliders`: `days`, `replications`, `seed`, `measure`, `engine`.

    Returns
    -------
    ipywidgets.VBox
        Show it as the last line of a notebook cell. `panel.table` is what it shows, as `what_if` gives it.

    Raises
    ------
    QuestionError
        Where ipywidgets is missing, or no lever can be moved.
    """
    w = import_widgets()
    ranges = slides(model)
    if not ranges:
        raise QuestionError("this model has no lever that can be moved; levers() lists what each needs")
    kept_baseline = keep_for_sliders(model, **kept) if baseline is None else baseline
    return _panel(w, kept_baseline, ranges, check)


def _panel(w: ModuleType, baseline: Baseline, ranges: list[Slide], check: object) -> VBox:
    sliders = {slide.lever: _slider(w, slide) for slide in ranges}
    places = w.Dropdown(options=_places(baseline.model), description="for", layout={"width": "24em"})
    reset = w.Button(description="As it is", tooltip="Put every lever back")
    page = w.HTML()
    known: AnswerCache = {}
    start = {lever: slider.value for lever, slider in sliders.items()}
    # In a box of their own, so that the numbers above stay in sight whichever slider is dragged.
    box = w.VBox(list(sliders.values()), layout={"max_height": "28em", "overflow": "auto"})
    panel = w.VBox([w.HBox([places, reset]), page, box])

    def show(_: object = None) -> None:
        kind, name = places.value
        for slide in ranges:
            sliders[slide.lever].disabled = not slide.holds_for(kind)
        moved: dict[str, Any] = {
            slide.lever: _setting(slide, sliders[slide.lever].value)
            for slide in ranges
            if abs(sliders[slide.lever].value - start[slide.lever]) > slide.step / 4 and slide.holds_for(kind)
        }
        if kind:
            moved[kind] = (name,)
        try:
            panel.table = what_if(baseline, check=check, known=known, **moved)
            page.value = answer_html(panel.table, days=baseline.days)
        except MttrlabError as refusal:
            page.value = f"<p>{_refusal_html(refusal)}</p>"

    def back(_: object) -> None:
        with page.hold_sync():
            for slide in ranges:
                sliders[slide.lever].value = start[slide.lever]

    for slider in sliders.values():
        slider.observe(show, "value")
    places.observe(show, "value")
    reset.on_click(back)
    show()
    return panel


def _slider(w: ModuleType, slide: Slide) -> IntSlider | FloatSlider:
    whole = slide.step == 1.0 and slide.unit not in ("minutes", "share")
    made = w.IntSlider if whole else w.FloatSlider
    kind = int if whole else float
    unit = {"share": "", "times": ""}.get(slide.unit, f", {slide.unit}")
    words = slide.words.removesuffix(f", in {slide.unit}")
    words += f"{unit} (right: none)" if slide.unlimited else unit
    return made(
        value=kind(_nearest_step(slide)),
        min=kind(slide.low),
        max=kind(slide.high),
        step=kind(slide.step),
        description=words,
        readout_format="d" if whole else ".0%" if slide.unit == "share" else ".2f" if slide.step < 0.1 else ".1f",
        continuous_update=True,
        style={"description_width": "42em"},
        layout={"width": "70em", "max_width": "98%", "flex": "0 0 auto"},
    )


def _nearest_step(slide: Slide) -> float:
    """Return where a slider can stand next to the setting in force; else a browser moves it and reports a change."""
    steps = round((slide.now - slide.low) / slide.step)
    return min(round(slide.low + steps * slide.step, 9), slide.high)


def _setting(slide: Slide, value: float) -> float:
    return int(value) if slide.step == 1.0 and slide.unit not in ("minutes", "share") else float(value)


def _places(model: ResponseModel) -> list[tuple[str, tuple[str, str]]]:
    kinds = [str(kind.name) for kind in model.types if kind.name]
    services = sorted({face.service for kind in model.types for face in kind.profiles if face.service})
    return [
        (EVERYWHERE, ("", "")),
        *((f"type {drawable(name, 40)}", ("incident_types", name)) for name in kinds if len(kinds) > 1),
        *((f"service {drawable(name, 40)}", ("services", name)) for name in services if len(services) > 1),
        *((f"pool {drawable(pool.name, 40)}", ("pools", pool.name)) for pool in model.pools if len(model.pools) > 1),
    ]


def _refusal_html(refusal: MttrlabError) -> str:
    from html import escape

    return escape(drawable(str(refusal), 400))
