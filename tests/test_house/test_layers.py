"""The house keeps its order: a room imports only rooms above it, and the door stays quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOMS = (
    "errors", "schema", "sql", "sources", "judge", "lab", "detection", "analysis", "response", "decisions",
    "figures", "review", "panels", "examples", "cli",
)  # fmt: skip
ONLY_SCHEMA = {"figures", "examples"}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.split(".")[1] for name in found if name.startswith("mttrlab.")}


def _modules(root: Path) -> list[Path]:
    return sorted(p for p in (root / "mttrlab").rglob("*.py") if p.parent != root / "mttrlab" or p.stem in ROOMS)


def _room(root: Path, path: Path) -> str:
    return path.relative_to(root / "mttrlab").with_suffix("").parts[0]


def test_a_room_imports_only_rooms_above_it(root: Path) -> None:
    upward = []
    for path in _modules(root):
        room = _room(root, path)
        below = set(ROOMS[ROOMS.index(room) + 1 :])
        upward += [f"{path.relative_to(root)} imports {name}" for name in sorted(_imports(path) & below)]
    assert not upward, upward


def test_figures_and_examples_know_nothing_but_the_vocabulary(root: Path) -> None:
    allowed = {"schema", "errors"}
    broken = []
    for path in _modules(root):
        room = _room(root, path)
        if room in ONLY_SCHEMA:
            broken += [f"{path.name} imports {name}" for name in sorted(_imports(path) - allowed - {room})]
    assert not broken, broken


def test_every_folder_of_the_package_is_a_room(root: Path) -> None:
    folders = {p.name for p in (root / "mttrlab").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders <= {*ROOMS, "styles"}


def test_every_public_name_resolves_and_is_documented() -> None:
    import mttrlab as ml

    for name in ml.__all__:
        assert getattr(ml, name).__doc__ or name == "__version__", f"{name} has no docstring"


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import mttrlab as ml

    with pytest.raises(AttributeError, match="no attribute 'mttr'"):
        ml.mttr  # noqa: B018


@pytest.mark.parametrize("module", ["mttrlab", "mttrlab.cli"])
def test_the_door_loads_no_heavy_library(module: str) -> None:
    heavy = "{'pandas', 'numpy', 'scipy', 'duckdb', 'matplotlib', 'simpy', 'pydantic'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
