"""What freezes the numbers of the lab gives the same numbers twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.soak
def test_the_full_freeze_of_one_tree_is_the_same_twice(root: Path, tmp_path: Path) -> None:
    freeze = [sys.executable, "-m", "benchmarks.frozen", "--full"]
    subprocess.run([*freeze, str(tmp_path / "one")], cwd=root, check=True, stdout=subprocess.DEVNULL)
    again = [*freeze, str(tmp_path / "two"), "--against", str(tmp_path / "one")]
    answer = subprocess.run(again, cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout[-2000:]
