"""The house keeps its order: a room imports only rooms above it, no circle, one name for one thing, a quick door."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from benchmarks import house

SHARED = ("errors", "refusals", "text", "files", "validate", "yaml_io")
"""Modules that several rooms need; above all of them."""
ROOMS = (
    *SHARED, "schema", "sql", "sources", "judge", "lab", "detection", "analysis", "response", "decisions", "figures",
    "review", "panels", "examples", "cli",
)  # fmt: skip
SUB_ROOMS = {"response": ("model", "engines", "sampling", "scenarios", "experiment", "calibration")}
ONLY_SCHEMA = {"figures", "examples"}
FACADE = {
    ("mttrlab.response.model.response_model", "mttrlab.response.calibration.fit"),
    ("mttrlab.response.model.response_model", "mttrlab.response.experiment.description"),
}
"""A model is asked for its fit and its description; these two calls, inside functions, go downwards."""
PROTOCOLS = {
    "add_verbs": "each module of the command line adds its verbs",
    "main": "what a program runs",
    "recognise": "each kind of source says which format a file has",
    "recognise_text": "the same of a text that is there already",
}
"""The public names that stand in several modules: each module of a kind has one, and is called by it."""


@cache
def _graph(root: Path) -> dict[str, set[str]]:
    return house.imports(house.trees(root))


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_a_room_imports_only_rooms_above_it(root: Path) -> None:
    upward = []
    for module, imported in _graph(root).items():
        room = _room(module)
        if room in ROOMS:
            below = ROOMS[ROOMS.index(room) + 1 :]
            upward += [f"{module} imports {name}" for name in sorted(imported) if _room(name) in below]
    assert not upward, upward


def test_a_sub_room_imports_only_those_above_it(root: Path) -> None:
    upward = []
    for room, order in SUB_ROOMS.items():
        inside = [name for name in _graph(root) if name.startswith(f"mttrlab.{room}.")]
        assert {name.split(".")[2] for name in inside} == set(order)
        for module in inside:
            below = order[order.index(module.split(".")[2]) + 1 :]
            for name in sorted(_graph(root)[module] & set(inside)):
                if name.split(".")[2] in below and (module, name) not in FACADE:
                    upward.append(f"{module} imports {name}")
    assert not upward, upward


def test_no_modules_import_each_other_in_a_circle(root: Path) -> None:
    graph = _graph(root)
    assert (
        house.circles({name: {to for to in found if (name, to) not in FACADE} for name, found in graph.items()}) == []
    )
    for module, name in FACADE:
        assert name in graph[module], f"{module} no longer calls {name}: take it off the list"


def test_a_public_name_stands_in_one_module_unless_it_is_a_protocol(root: Path) -> None:
    twins = house.twins(house.trees(root))
    assert set(twins) == set(PROTOCOLS), {name: where for name, where in twins.items() if name not in PROTOCOLS}


def test_the_map_names_every_module_and_no_other(root: Path) -> None:
    rooms = defaultdict(set)
    for module in _graph(root):
        path = root.joinpath(*module.split("."))
        if path.with_suffix(".py").is_file() and path.stem != "__main__":
            rooms["/".join(module.split(".")[1:-1])].add(path.name)
    rows = re.findall(r"^\| (?:`(\S+)/`|\(shared\)) \| (.+) \|$", (root / "ARCHITECTURE.md").read_text("utf-8"), re.M)
    told = {room: set(re.findall(r"`([a-z_]+)`", text)) for room, text in rows}
    assert told == {"sql": set(), **rooms}


def test_figures_and_examples_know_nothing_but_the_vocabulary(root: Path) -> None:
    allowed = {"schema", *SHARED}
    broken = []
    for module, imported in _graph(root).items():
        if _room(module) in ONLY_SCHEMA:
            rooms = {_room(name) for name in imported} - allowed - {_room(module)}
            broken += [f"{module} imports {name}" for name in sorted(rooms)]
    assert not broken, broken


def test_every_module_of_the_package_belongs_to_a_room(root: Path) -> None:
    outside = {_room(name) for name in _graph(root)} - {*ROOMS, "", "__main__"}
    assert not outside, outside


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
