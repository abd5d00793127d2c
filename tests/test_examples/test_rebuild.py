"""The committed files are what the package writes, and nobody needs more than the package to write them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mttrlab.errors import QuestionError
from mttrlab.examples import organisation, write_examples
from mttrlab.examples.__main__ import main


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_committed_files_are_rebuilt_byte_for_byte(root: Path, tmp_path: Path) -> None:
    write_examples(tmp_path)
    ours, committed = _files(tmp_path), _files(root / "data")
    assert sorted(ours) == sorted(committed)
    assert [name for name in ours if ours[name] != committed[name]] == []


def test_another_process_with_other_hashes_writes_the_same_bytes(root: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "mttrlab.examples", str(tmp_path)],
        check=True,
        cwd=root,
        env={"PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "PYTHONPATH": str(root)},
        capture_output=True,
    )
    assert _files(tmp_path) == _files(root / "data")


def test_files_of_an_organisation_are_what_it_writes(tmp_path: Path) -> None:
    small = organisation("small")
    small.write(tmp_path)
    assert _files(tmp_path) == small.files()


def test_the_door_says_how_many_files_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{len(_files(tmp_path))} files written to {tmp_path}\n"


def test_an_unknown_organisation_is_refused_in_a_sentence() -> None:
    with pytest.raises(QuestionError, match="organisation must be one of large, small; got 'medium'"):
        organisation("medium")


def test_the_files_are_small(root: Path) -> None:
    assert sum(len(content) for content in _files(root / "data").values()) < 3_000_000
