"""JSON text → records, strictly: one document or one object a line, no key twice, no number that is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mttrlab.errors import LoadError
from mttrlab.sources.exports.keys import shown

MAX_JSON = 512 * 1024**2
"""Characters of a JSON file; a longer one is to be split or given one object a line in several files."""

_STRUCTURE = re.compile(r"[,:{}\[\]\"]")
_LISTS = ("incidents", "scheduled_maintenances")
WRAPPERS = ("data", "result", "results", "items", "records", "rows", "values")
"""Keys under which an API answers with its list of records."""


class Written(float):
    """A number with a point or an exponent that remembers how it was written: an id `1E5` stays `1E5`."""

    text: str

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass(frozen=True)
class Documents:
    """The records of a JSON file."""

    name: str
    records: list[Any]
    """What should be objects, one per record; readers quarantine what is none."""
    numbers: list[int] | range
    """Line (one object a line) or place in the list, from 1."""
    envelope: Mapping[str, Any]
    """What stands around the list."""


def read_documents(text: str, name: str) -> Documents:
    """Return the records of a JSON list, of an envelope around lists of incidents, or of one object a line.

    Raises
    ------
    LoadError
        Where the text is cut off, holds several documents, a key twice, NaN or Infinity, is nested too deeply or too
        long, or holds no record.
    """
    if len(text) > MAX_JSON:
        raise LoadError(f"{name} has {len(text):,} characters of JSON, more than the limit of {MAX_JSON:,}; split it")
    lines = text.split("\n")
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(filled) > 1 and text.lstrip()[0] == "{" and _whole(filled[0][1]):
        found = _lines(filled, name)
        return _pages(found.records, name) or found
    document = _load(text, name, None)
    envelope: dict[str, Any] = {}
    if isinstance(document, dict):
        lists = [key for key in _LISTS if isinstance(document.get(key), list)]
        if not lists and "id" not in document:
            lists = [key for key in WRAPPERS if _is_list_of_objects(document.get(key))][:1]
        if lists:
            envelope = {key: value for key, value in document.items() if key not in lists}
            document = [record for key in lists for record in document[key]]
        else:
            single = document.get("incident")
            document = [single if isinstance(single, dict) and "id" in single and "id" not in document else document]
    if not isinstance(document, list):
        raise LoadError(f"{name} is JSON but neither a list nor an object; export incidents as a list of objects")
    if not document:
        raise LoadError(f"{name} holds an empty list and no incidents; export it again, or leave it out")
    return _pages(document, name) or Documents(name, document, range(1, len(document) + 1), envelope)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(record, dict) for record in value)


def _pages(records: list[Any], name: str) -> Documents | None:
    """Return the incidents of several pages of answers, one behind the other; None where the records are none."""
    if not all(isinstance(page, dict) and isinstance(page.get("incidents"), list) for page in records):
        return None
    incidents = [record for page in records for record in page["incidents"]]
    around: dict[str, Any] = {}
    for page in records:
        around |= {key: value for key, value in page.items() if key != "incidents"}
    logs = [page["log_entries"] for page in records if isinstance(page.get("log_entries"), list)]
    around |= {"log_entries": [entry for entries in logs for entry in entries]} if logs else {}
    return Documents(name, incidents, range(1, len(incidents) + 1), around)


def _lines(filled: list[tuple[int, str]], name: str) -> Documents:
    records = [_load(line, name, number, last=number == filled[-1][0]) for number, line in filled]
    return Documents(name, records, [number for number, _ in filled], {})


def _whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_json(text: str, name: str, row: int) -> Any:
    """Return what one cell or line says, as strictly as a whole file.

    Raises
    ------
    LoadError
        Naming the row.
    """
    return _load(text, name, row, last=True)


def _load(text: str, name: str, line: int | None, last: bool = False) -> Any:
    where = f"{name} row {line}" if line else name
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=Written)
    except json.JSONDecodeError as error:
        row = line or error.lineno
        if error.msg.startswith("Extra data"):
            raise LoadError(
                f"{name} row {row}: a second JSON document begins; keep one list, or one object a line"
            ) from None
        # Nothing but half a word is left: the file ended there.
        ends = not _STRUCTURE.search(text, error.pos) or error.msg.startswith("Unterminated string")
        what = "the JSON is cut off in the middle of a record" if ends else f"no JSON ({error.msg.lower()})"
        raise LoadError(f"{name} row {row}: {what}; export it again") from None
    except RecursionError:
        raise LoadError(f"{where}: JSON nested too deeply to be an export; export it again") from None
    except _UnfitError as error:
        raise LoadError(f"{where}: {error}; correct or export it again") from None
    except ValueError:
        raise LoadError(f"{where}: a number with more digits than any export has; correct or export it again") from None


class _UnfitError(Exception):
    """What JSON allows to be written and nobody can read for certain."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _UnfitError(f"the key {shown(twice)!r} stands twice in one object")
    return found


def _no_number(word: str) -> Any:
    raise _UnfitError(f"{word} is no number in JSON")
