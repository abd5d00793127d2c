"""How an incident is handled: one transition function, its luck, its levers and the engines that run it."""

from mttrlab.response.check import Check, check_model
from mttrlab.response.elements import Bursts, Hypotheses, Recording, Reopening, Verification
from mttrlab.response.laws import Law
from mttrlab.response.levers import levers
from mttrlab.response.model import Face, FixPath, IncidentType, ResponseModel
from mttrlab.response.people import Noise, Paging, Pipeline, Pool, Routing, Shift
from mttrlab.response.ramp import Ramp
from mttrlab.response.scenario import Scenario
from mttrlab.response.scenario_file import read_scenarios
from mttrlab.response.simulate import simulate
from mttrlab.response.story import trace
from mttrlab.response.watching import Watch

__all__ = [
    "Bursts",
    "Check",
    "Face",
    "FixPath",
    "Hypotheses",
    "IncidentType",
    "Law",
    "Noise",
    "Paging",
    "Pipeline",
    "Pool",
    "Ramp",
    "Recording",
    "Reopening",
    "ResponseModel",
    "Routing",
    "Scenario",
    "Shift",
    "Verification",
    "Watch",
    "check_model",
    "levers",
    "read_scenarios",
    "simulate",
    "trace",
]
