"""Every notebook runs whole, in a real kernel, and prints no warning."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own: Jupyter's client leaves sockets to the collector, which is not our business here.
RUN = """
import sys, nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
manager = AsyncKernelManager(kernel_name="python3", transport_encryption="auto")
NotebookClient(book, km=manager, timeout=240, resources={"metadata": {"path": sys.argv[2]}}).execute()
nbformat.write(book, sys.argv[3])
"""


@pytest.mark.notebook
@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_the_notebook_runs_whole(path: Path, tmp_path: Path) -> None:
    done = tmp_path / path.name
    command = [sys.executable, "-W", "ignore", "-c", RUN, str(path), str(path.parent), str(done)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    cells = [cell for cell in json.loads(done.read_text())["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        last = "".join(cell["source"]).splitlines()[-1]
        shown = any("image/png" in output.get("data", {}) for output in cell["outputs"])
        assert shown or not last.startswith("ml.plot_"), f"no picture below {last!r}"
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert outputs, "a notebook that shows nothing says nothing"
    complaints = [o["text"] for o in outputs if o.get("name") == "stderr" and "Warning" in "".join(o["text"])]
    assert not complaints
