"""The lab: a DuckDB file of judged incident records, and the views over it."""

from mttrlab.lab.annotations import RANK
from mttrlab.lab.export import key_path
from mttrlab.lab.init import init_settings
from mttrlab.lab.lab import Lab
from mttrlab.lab.read import read
from mttrlab.lab.rebuild import RebuildReport, rebuild
from mttrlab.lab.reports import FolderReport, LoadReport
from mttrlab.lab.settings import Settings

__all__ = [
    "RANK",
    "FolderReport",
    "Lab",
    "LoadReport",
    "RebuildReport",
    "Settings",
    "init_settings",
    "key_path",
    "read",
    "rebuild",
]
