"""The sentences of the first screen: at most five, no statistical term, at most seven figures in all.

Each is a pure function of a few values or a small table. Only the first and the ask hold figures; shares, changes
and spans of months are said in words, so that the limit holds whatever the data say.
"""

from mttrlab.review.sentences.ask import ask, in_full, in_letters
from mttrlab.review.sentences.costliest import costliest, phase_words
from mttrlab.review.sentences.happened import clock_ends, happened, typical_time
from mttrlab.review.sentences.level import awarded, flapping, next_level
from mttrlab.review.sentences.trend import moved
from mttrlab.review.sentences.trust import trust

__all__ = [
    "ask",
    "awarded",
    "clock_ends",
    "costliest",
    "flapping",
    "happened",
    "in_full",
    "in_letters",
    "moved",
    "next_level",
    "phase_words",
    "trust",
    "typical_time",
]
