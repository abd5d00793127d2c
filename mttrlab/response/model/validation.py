"""The checks of `mttrlab.validate` for arguments of the response model: what they refuse is a `ModelError`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import cast

import pandas as pd

from mttrlab import validate
from mttrlab.errors import ModelError
from mttrlab.refusals import shown
from mttrlab.validate import Kind, kind_in_words

number = partial(validate.number, error=ModelError)
finite = partial(validate.finite, error=ModelError)
share = partial(validate.share, error=ModelError)
whole = partial(validate.whole, error=ModelError)
flag = partial(validate.flag, error=ModelError)

_SOURCES = {"ResponseModel": "ResponseModel.fit(incidents) gives"}


def a(name: str, kind: type[Kind], value: object) -> Kind:
    """Return `value` if it is of this kind; refuse it in a sentence otherwise."""
    return validate.instance(name, kind, value, _SOURCES.get(kind.__name__, ""), error=ModelError)


def several(name: str, kind: type[Kind], values: object) -> list[Kind]:
    """Return a list of values of this kind, whatever holds them; refuse one of them alone, or of another kind."""
    words = f"{name} must be a list, each {kind_in_words(kind)}"
    try:
        held = list(cast("Iterable[object]", values))
    except TypeError:
        raise ModelError(f"{words}; got {shown(values)}") from None
    made = [value for value in held if isinstance(value, kind)]
    if len(made) < len(held):
        raise ModelError(f"{words}; got {shown(next(value for value in held if not isinstance(value, kind)))}")
    return made


def data_frame(name: str, value: object, source: str) -> pd.DataFrame:
    """Return a table; refuse anything else in a sentence that says what gives one."""
    return validate.instance(name, pd.DataFrame, value, f"{source} gives it", error=ModelError)
