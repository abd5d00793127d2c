"""`make review` as a newcomer runs it, with a HOME that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def built(root: Path) -> Path:
    """The checkout, with the environment that `make` builds."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    if not (root / ".venv" / ".stamp").is_file():
        pytest.skip("`make` has not built .venv in this checkout")
    return root


def _make(*arguments: str, root: Path, home: Path) -> subprocess.CompletedProcess[str]:
    locked = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    return subprocess.run(["make", "-s", *arguments], cwd=root, env=locked, capture_output=True, text=True, check=False)


@pytest.fixture
def locked_home(tmp_path: Path) -> Path:
    """A HOME that cannot even be made: its parent is a file, which stops root as well."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "home"


def test_make_alone_lists_the_targets(root: Path, tmp_path: Path) -> None:
    listed = _make(root=root, home=tmp_path)
    assert listed.returncode == 0
    for target in ("review", "test", "lab", "soak"):
        assert f"make {target}" in listed.stdout


def test_make_review_writes_one_closed_page_of_a_folder_with_blanks_and_quotes_in_its_name(
    built: Path, locked_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "our team's exports"
    shutil.copytree(built / "data" / "small", folder)
    made = _make("review", f"EXPORTS={folder}", "MONTH=2026-05", f"REVIEW={tmp_path}", root=built, home=locked_home)
    assert (made.returncode, made.stderr) == (0, "")
    assert "A page counts as an incident if" in made.stdout
    page = (tmp_path / "mttr-review-2026-05.html").read_text(encoding="utf-8")
    assert "May 2026" in page
    assert "<script" not in page
