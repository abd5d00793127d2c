"""Configuration of monitoring, remediation, runbooks, change paths and on-call → practices."""

from mttrlab.sources.practices.labelling import failure_mode
from mttrlab.sources.practices.prometheus import with_windows
from mttrlab.sources.practices.reader import SUFFIXES, mapped, read_file, read_practices, recognise
from mttrlab.sources.practices.sentence import rule_from_sentence
from mttrlab.sources.practices.stored import from_json, to_json

__all__ = [
    "SUFFIXES",
    "failure_mode",
    "from_json",
    "mapped",
    "read_file",
    "read_practices",
    "recognise",
    "rule_from_sentence",
    "to_json",
    "with_windows",
]
