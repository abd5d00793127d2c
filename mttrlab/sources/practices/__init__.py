"""Configuration of monitoring, remediation, runbooks, change paths and on-call → practices."""

from mttrlab.sources.practices.own import from_json, rule_from_sentence, to_json
from mttrlab.sources.practices.prometheus import with_windows
from mttrlab.sources.practices.promql import failure_mode
from mttrlab.sources.practices.read import SUFFIXES, read_file, read_practices, recognise

__all__ = [
    "SUFFIXES",
    "failure_mode",
    "from_json",
    "read_file",
    "read_practices",
    "recognise",
    "rule_from_sentence",
    "to_json",
    "with_windows",
]
