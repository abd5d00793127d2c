"""Every notebook runs whole, in a real kernel, without a network address and without a warning printed."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.notebook
@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_the_notebook_runs_whole(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Jupyter's own deprecations, not ours
        import nbformat
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient

        book = nbformat.read(path, as_version=4)
        manager = AsyncKernelManager(kernel_name="python3", transport_encryption="auto")
        NotebookClient(book, km=manager, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    printed = [
        output["text"]
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr" and "Warning" in output["text"]
    ]
    assert not printed
    shown = [o for cell in book.cells if cell.cell_type == "code" for o in cell.outputs]
    assert shown, "a notebook that shows nothing says nothing"
