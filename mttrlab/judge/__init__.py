"""One record alone → judged: how good each of its stamps is."""

from mttrlab.judge.verdicts import judge

__all__ = ["judge"]
