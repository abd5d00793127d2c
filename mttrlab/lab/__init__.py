"""The lab: a DuckDB file of judged incident records, and the views over it."""

from mttrlab.lab.init import init_settings
from mttrlab.lab.lab import Lab
from mttrlab.lab.reading import read
from mttrlab.lab.report import FolderReport, LoadReport
from mttrlab.lab.settings import Settings

__all__ = ["FolderReport", "Lab", "LoadReport", "Settings", "init_settings", "read"]
