"""The page: a template, filled. Every text from data is escaped; nothing in the page can run or call out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pandas as pd
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from mttrlab.review import sentences as say
from mttrlab.review.sections import SECTIONS
from mttrlab.schema import Cell
from mttrlab.text import format_minutes

if TYPE_CHECKING:
    from mttrlab.review.monthly import Review


_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?(?: (?:minutes?|hours?|days?))?")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def figures_strong(text: str) -> Markup:
    """Return a sentence with its figures set strong, escaped.

    Examples
    --------
    >>> figures_strong("23 of <b>, between 40 and 95 minutes")
    Markup('<strong>23</strong> of &lt;b&gt;, between <strong>40</strong> and <strong>95 minutes</strong>')
    """
    made, place = Markup(), 0
    for found in _FIGURE.finditer(text):
        made += escape(text[place : found.start()]) + Markup("<strong>{}</strong>").format(found.group())
        place = found.end()
    return made + escape(text[place:])


def visible_text(value: Cell) -> str:
    """Return text from data without characters that are not seen but act: control and direction marks.

    Examples
    --------
    >>> visible_text("pay\\u202ements\\x00"), visible_text(None), visible_text("")
    ('payments', '', '')
    """
    missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
    return "" if missing else _CONTROL.sub("", str(value))


def safe_link(url: Cell) -> str | None:
    """Return an address that a reader may follow: http or https with a host; None for any other.

    Examples
    --------
    >>> safe_link("https://status.example.com/a"), safe_link("javascript:alert(1)"), safe_link("//evil.example")
    ('https://status.example.com/a', None, None)
    """
    text = visible_text(url)
    if text != str(url) or any(c.isspace() for c in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and host else None


@cache
def _environment() -> Environment:
    folder = resources.files(__package__) / "templates"
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".html")}
    made = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"strong_figures": figures_strong, "shown": visible_text, "minutes": format_minutes}
    made.tests["link"] = lambda url: safe_link(url) is not None
    made.globals["css"] = Markup((folder / "review.css").read_text(encoding="utf-8"))
    return made


@dataclass(frozen=True)
class RenderedSection:
    """A section as it stands on the page."""

    name: str
    """Its anchor."""
    link: str
    """What the line of links calls it."""
    html: Markup
    """Its body."""


def render(review: Review) -> str:
    """Return the page of a review: the first screen, then each section that has something to show."""
    environment = _environment()
    shown = []
    for section in SECTIONS:
        named = section.fill(review)
        if named is not None:
            html = environment.get_template(f"{section.name}.html").render(figures=review.figures, **named)
            shown.append(RenderedSection(section.name, section.link, Markup(html)))
    sentences, _ = say.first_screen(review.findings)
    page = environment.get_template("review.html")
    return page.render(month=review.findings.periods.name, sentences=sentences, sections=shown)
