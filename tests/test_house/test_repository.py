"""What lies in the repository: a lock without addresses, notebooks without outputs, no copied inputs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def _tracked(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this copy is no git checkout")
    return [root / name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def test_the_lock_names_no_address_and_no_path(root: Path) -> None:
    lock = (root / "requirements.lock").read_text()
    assert not re.findall(r"://|file:|@ |^-|^/", lock, flags=re.MULTILINE)


def test_the_lock_pins_and_hashes_every_requirement(root: Path) -> None:
    entries = re.split(r"\n(?=\S)", (root / "requirements.lock").read_text().strip())
    assert len(entries) > 100
    loose = [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    assert not loose


def test_no_tracked_text_names_a_path_of_a_machine(root: Path) -> None:
    machine = re.compile(r"(?<![\w.])/(?:home|root|work)/\w|index-url|find-links")
    named = []
    for path in _tracked(root):
        if path == Path(__file__).resolve() or path.suffix in {".png", ".parquet"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if machine.search(line):
                named.append(f"{path.relative_to(root)}:{number}")
    assert not named


def test_no_reference_file_was_copied_in(root: Path, shared: Path) -> None:
    sizes = {p.stat().st_size: p for p in (shared / "data").rglob("*") if p.is_file() and p.stat().st_size > 200}
    copied = [
        path for path in _tracked(root)
        if (twin := sizes.get(path.stat().st_size)) is not None and twin.read_bytes() == path.read_bytes()
    ]  # fmt: skip
    assert not copied


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_committed_without_outputs_and_thin(path: Path) -> None:
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    assert all(not c["outputs"] and c["execution_count"] is None for c in cells)
    assert all(len(c["source"]) <= 12 for c in cells), "a cell past ten lines wants to be a function"
