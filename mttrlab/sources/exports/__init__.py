"""Exports of incidents, in the formats that tools write, → one row per incident."""

from mttrlab.sources.exports.extracts import Extract, extract
from mttrlab.sources.exports.formats import FORMATS, recognise

__all__ = ["FORMATS", "Extract", "extract", "recognise"]
