"""Runs of a model: simulate, trace, describe, and where large runs go."""
