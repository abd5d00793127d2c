"""Levers, scenarios, investments: what can be changed."""
