"""How an incident is handled: one transition function, its luck, its levers and the engines that run it."""

from mttrlab.response.laws import Law
from mttrlab.response.levers import Scenario, levers
from mttrlab.response.model import Face, FixPath, IncidentType, ResponseModel
from mttrlab.response.simulate import simulate
from mttrlab.response.story import trace

__all__ = ["Face", "FixPath", "IncidentType", "Law", "ResponseModel", "Scenario", "levers", "simulate", "trace"]
