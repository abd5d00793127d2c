"""The lab: a DuckDB file of judged incident records, and the views over it."""

from importlib import import_module
from typing import Any

# Resolved on first use: who reads a lab does not load what fills one.
_HOMES = {
    "FolderReport": "reports",
    "Lab": "lab",
    "LoadReport": "reports",
    "RANK": "annotations",
    "RebuildReport": "rebuilding",
    "Settings": "settings",
    "init_settings": "init",
    "key_path": "export",
    "read": "reading",
    "rebuild": "rebuilding",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
