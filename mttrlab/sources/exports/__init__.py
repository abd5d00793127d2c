"""Exports of incidents, in the formats that tools write, → one row per incident."""

from mttrlab.sources.exports.extracts import FORMATS, Extract, extract, recognise

__all__ = ["FORMATS", "Extract", "extract", "recognise"]
