"""Which files of a folder or a pattern are exports, and how the settings say to read them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mttrlab.errors import LoadError
from mttrlab.lab.annotations import is_worksheet
from mttrlab.lab.kinds import KINDS, Kind
from mttrlab.lab.plain import plain
from mttrlab.lab.settings import FILE_NAME, FileSettings, Settings
from mttrlab.sources.exports import recognise


@dataclass(frozen=True)
class FolderFiles:
    """What a folder holds."""

    exports: tuple[Path, ...]
    """Files to load, in the order of their names: exports, and behind them what lies in the subfolders of the kinds."""
    skipped: tuple[str, ...]
    """Names of files that are no export."""


def folder_files(folder: str | Path, settings: Settings) -> FolderFiles:
    """Return the exports of a folder, and the names of what is none.

    Raises
    ------
    LoadError
        When there is no such folder, no export in it, or a file that cannot be opened: it may be one.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LoadError(f"{folder} is no folder; give the folder that holds the exports")
    exports, skipped = [], []
    for path in sorted(folder.iterdir(), key=lambda found: found.name):
        if path.name.startswith(".") or path.name == FILE_NAME or path.is_dir():
            continue
        if settings.join.keys is not None and path.resolve() == settings.join.keys.resolve():
            continue
        if path.is_file() and not os.access(path, os.R_OK):
            raise LoadError(f"{path} cannot be opened (permission denied); check its permissions, or move it away")
        wanted = file_settings(path, settings)
        told = wanted.format is not None and path.is_file()
        if told or is_worksheet(path) or recognise(path) is not None or any(kind.recognise(path) for kind in KINDS):
            exports.append(path)
        else:
            skipped.append(path.name)
    for kind in KINDS:
        for path in _beside(folder, kind, settings):
            if kind.recognise(path):
                exports.append(path)
            else:
                skipped.append(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name)
    if not exports:
        left = f" ({len(skipped)} other files: {', '.join(skipped[:5])})" if skipped else ""
        raise LoadError(f"{folder} holds no export that mttrlab can read{left}; README says how to make one")
    return FolderFiles(tuple(exports), tuple(skipped))


def _beside(folder: Path, kind: Kind, settings: Settings) -> list[Path]:
    """Return the files of a kind's own folder: the one that the settings name, else the subfolder of its name.

    Raises
    ------
    LoadError
        When the settings name a folder that is not there.
    """
    said = getattr(settings, kind.name, None)
    own = Path(os.path.normpath(folder / (said or kind.name)))
    if said is not None and not own.is_dir():
        raise LoadError(f"{FILE_NAME}: {kind.name}: {own} is no folder; correct it, or leave it out")
    found = (path for path in own.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(found) if own.is_dir() else []


def file_settings(path: Path, settings: Settings) -> FileSettings:
    """Return how the settings say to read a file: the first pattern that its name matches."""
    for pattern, wanted in settings.sources.items():
        if path.name == pattern or fnmatch(path.name, pattern):
            return wanted
    return FileSettings()


def idle_patterns(folder: str | Path, settings: Settings) -> list[str]:
    """Return a sentence for each file pattern of the settings that no file of the folder has, mostly a slip."""
    names = [path.name for path in Path(folder).iterdir()]
    return [
        f"{FILE_NAME}: sources: {plain(pattern, 80)!r} matches no file of this folder; correct or remove it"
        for pattern in settings.sources
        if not any(name == pattern or fnmatch(name, pattern) for name in names)
    ]


def matching_files(path: str | Path) -> list[Path]:
    """Return the file, or the files that match a pattern, in the order of their names.

    A file whose name merely looks like a pattern is that file.

    Raises
    ------
    LoadError
        For a folder, a file that is not there, or a pattern that nothing matches.
    """
    wanted = Path(path)
    if wanted.is_dir():
        raise LoadError(f"{wanted} is a folder; lab.load_folder or `mttrlab load {wanted}` takes a whole folder")
    if wanted.exists() or not any(sign in str(path) for sign in "*?["):
        if not wanted.exists():
            raise LoadError(f"{wanted} does not exist; check the path")
        return [wanted]
    anchor = Path(wanted.anchor) if wanted.is_absolute() else Path()
    pattern = str(wanted.relative_to(anchor)) if wanted.is_absolute() else str(wanted)
    found = sorted(file for file in anchor.glob(pattern) if file.is_file())
    if not found:
        raise LoadError(f"no file matches {wanted}; check the pattern")
    return found
