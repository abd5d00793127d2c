"""YAML as people mean it: every scalar stays the text that was written, and nothing clever is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mttrlab.errors import SettingsError
from mttrlab.lab.plain import plain

_LIMIT = 1_000_000
"""Bytes; a settings file of a person is far below."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; scalars are text or None.

    `on`, `no`, `18:00` and `0123` stay what was typed, so none of YAML's surprises can happen.

    Raises
    ------
    SettingsError
        For a file that is absent, too long, no YAML, no mapping, or that repeats a key or uses an alias.
    """
    try:
        if path.stat().st_size > _LIMIT:
            raise SettingsError(f"{path}: longer than {_LIMIT:,} bytes; this is no settings file")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); give the path of a mttrlab.yml") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    try:
        node = yaml.compose(text, Loader=_OneDocument)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path} line {line}: {plain(error.problem, 120)}; correct the YAML there") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path}: is not YAML ({plain(str(error).splitlines()[0], 120)})") from None
    if node is None:
        return {}
    try:
        value = _value(node, path)
    except RecursionError:
        raise SettingsError(f"{path}: is nested too deeply") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: must hold settings as `name: value` lines")
    return value


class _OneDocument(yaml.SafeLoader):
    """Refuses aliases: a few lines of them can grow beyond memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not allowed", mark)
        return super().compose_node(parent, index)


def _value(node: yaml.Node, path: Path) -> Any:
    if isinstance(node, yaml.ScalarNode):
        empty = node.style is None and node.value in {"", "~", "null", "Null", "NULL"}
        return None if empty else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, path) for item in node.value]
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise SettingsError(f"{path} line {key.start_mark.line + 1}: a name must be plain text")
        if key.value in found:
            raise SettingsError(
                f"{path} line {key.start_mark.line + 1}: {plain(key.value, 80)!r} stands there twice; keep one"
            )
        found[str(key.value)] = _value(value, path)
    return found
