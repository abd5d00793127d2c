"""Every refusal a user can meet. All are `ValueError`s whose text is one sentence: what, where, what to do."""

from __future__ import annotations


class MttrlabError(ValueError):
    """Base of every refusal; catching it catches them all."""


class LoadError(MttrlabError):
    """A file cannot be loaded; the lab is as it was."""


class SettingsError(MttrlabError):
    """`mttrlab.yml` says something that cannot be."""


class SchemaError(MttrlabError):
    """A table lacks a column that the question needs, or holds the wrong kind of value."""


class QuestionError(MttrlabError):
    """An argument asks for something that does not exist: a clock, a month, a level, a lever."""


class ModelError(MttrlabError):
    """A response model or a scenario cannot be simulated as described."""


class StoreError(MttrlabError):
    """The lab's database file cannot be opened or is not ours."""
