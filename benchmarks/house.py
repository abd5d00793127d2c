"""How large the house is, what runs for one call, and what a command costs.

`python -m benchmarks.house` prints the tables of house.md: modules, lines, circles, names that stand twice, `Any`;
files of ours in which code runs when a call is made a second time; CPU of whole commands against a bare import.
"""

from __future__ import annotations

import ast
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BARE = [sys.executable, "-c", "import pandas, numpy, duckdb"]
RUNS = 5


def trees(root: Path) -> dict[str, ast.Module]:
    """Return every module of the package by its dotted name, parsed."""
    found = {}
    for path in sorted((root / "mttrlab").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def _for_types(tree: ast.Module) -> set[ast.AST]:
    """Return what stands under `if TYPE_CHECKING`: no import that runs."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return {inner for block in blocks for child in block.body for inner in ast.walk(child)}


def imports(modules: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Return for each module the others that it imports, inside functions too.

    Raises
    ------
    ValueError
        When an import is relative.
    """
    graph: dict[str, set[str]] = {}
    for module, tree in modules.items():
        found: set[str] = set()
        for node in set(ast.walk(tree)) - _for_types(tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                if node.level:
                    raise ValueError(f"{module}: imports are absolute")
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
                found.update(name if name in modules else str(node.module) for name in whole)
        graph[module] = (found & set(modules)) - {module}
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for to in sorted(graph[name]):
            if to not in index:
                visit(to)
            if to in stack:
                low[name] = min(low[name], low[to])
        if low[name] == index[name]:
            group = [stack.pop()]
            while group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    for name in graph:
        if name not in index:
            visit(name)
    return groups


def twins(modules: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Return the public functions and classes whose name stands in several modules, with these modules."""
    homes = defaultdict(list)
    for module, tree in modules.items():
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for name in names:
            if not name.startswith("_"):
                homes[name].append(module)
    return {name: where for name, where in sorted(homes.items()) if len(where) > 1}


def anys(modules: Mapping[str, ast.Module]) -> Counter[str]:
    """Return how often each module says `Any` in an annotation."""
    told: Counter[str] = Counter()
    for module, tree in modules.items():
        marked = [node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg | ast.AnnAssign)]
        marked += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        # An annotation may hold another (that of a lambda's argument never does): each node counts once.
        nodes = {inner for one in marked if one is not None for inner in ast.walk(one)}
        told[module] += sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)
        quoted = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        told[module] += sum(len(re.findall(r"\bAny\b", text)) for text in quoted)
    return +told


def files_run(call: Callable[[], object]) -> list[str]:
    """Return the files of ours in which code runs when a call is made a second time."""
    call()
    ran: set[str] = set()

    def look(frame: object, event: str, argument: object) -> None:
        ran.add(frame.f_code.co_filename)  # type: ignore[attr-defined]

    sys.setprofile(look)
    try:
        call()
    finally:
        sys.setprofile(None)
    return sorted(str(Path(name).relative_to(ROOT)) for name in ran if name.startswith(str(ROOT / "mttrlab")))


def calls() -> dict[str, list[str]]:
    """Return the files that run for five calls people make."""
    import mttrlab as ml

    lab = ml.Lab()
    lab.load_folder(ROOT / "data" / "exports")
    incidents = lab.incidents()
    phases = ml.phase_durations(incidents)
    months = sorted(phases["month"].dropna().unique())
    before, after = (phases[phases["month"].isin(part)] for part in (months[-6:-3], months[-3:]))
    model = ml.ResponseModel.fit(incidents)
    lever = ml.Scenario("x", diagnosis_factor=0.5)

    def load() -> None:
        with ml.Lab() as fresh:
            fresh.load(ROOT / "data" / "exports" / "pagerduty.json")

    return {
        "simulate with a lever": files_run(lambda: ml.simulate(model, replications=2, seed=1, scenario=lever)),
        "ResponseModel.fit": files_run(lambda: ml.ResponseModel.fit(incidents)),
        "compare_periods": files_run(lambda: ml.compare_periods(before, after)),
        "monthly_mttr": files_run(lambda: ml.monthly_mttr(incidents)),
        "load of a PagerDuty file": files_run(load),
    }


def _cpu(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands() -> None:
    """Print the CPU of whole commands, each run beside a bare import of the libraries, as medians of ratios."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as to:
        ours = [sys.executable, "-m", "mttrlab"]
        lab = str(Path(to) / "house.duckdb")
        subprocess.run([*ours, "load", "data/exports", "--lab", lab], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        ways = {
            "`mttrlab phases --lab`": [*ours, "phases", "--lab", lab],
            "`mttrlab review data/exports`": [*ours, "review", "data/exports", "--out", to],
            "`mttrlab rank`, five investments, 200 draws, 10 refits": [
                *ours, "rank", "--lab", lab, "--investments", "notebooks/investments.yml",
                "--draws", "200", "--refits", "10",
            ],
        }  # fmt: skip
        print("\n| command | CPU, s | against a bare import |\n|---|---|---|")
        for name, way in ways.items():
            _cpu(way)
            pairs = [(_cpu(way), _cpu(BARE)) for _ in range(RUNS)]
            took = statistics.median(pair[0] for pair in pairs)
            print(f"| {name} | {took:.2f} | {statistics.median(a / b for a, b in pairs):.1f} × |", flush=True)


def main() -> None:
    """Print the tables."""
    modules = trees(ROOT)
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "mttrlab").rglob("*.py"))
    told = anys(modules)
    kernel = sum(n for name, n in told.items() if ".engines." in name)
    print("| what | |\n|---|---|")
    print(f"| Python files in `mttrlab/` | {len(modules)} |\n| their lines | {lines:,} |")
    print(f"| circles of modules, by size | {[len(group) for group in circles(imports(modules))]} |")
    print(f"| public names in several modules | {len(twins(modules))} |")
    print(f"| `Any` in annotations; outside the engines | {sum(told.values())}; {sum(told.values()) - kernel} |")
    print("\n| call | files of ours that run |\n|---|---|")
    for name, files in calls().items():
        print(f"| {name} | {len(files)} |")
    commands()


if __name__ == "__main__":
    main()
