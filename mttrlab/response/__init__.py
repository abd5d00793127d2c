"""How an incident is handled: one transition function, its random numbers, its levers and the engines that run it.

What a model can hold, and where; every part but types and arrivals may be absent:

- arrivals: `IncidentType.per_day`, `ResponseModel.profile` (hours of the week), `Deployments`, `Bursts`
- what incidents look like: `IncidentType` (minutes by phase, paths), `IncidentProfile` (service, team, severity,
  priority), `Impact` (share of users hit)
- detection: `IncidentType.detect` and `alert`, or `DetectionSettings`: a race of rules, monitors and people, gaps by
  failure mode
- false alarms: `Noise`; paging: `Paging` (delivery, escalation, night)
- people: `ResponseModel.responders` or `Pool` and `Shift` (pre-emption, end of shift, room to wait)
- diagnosis: `IncidentType.diagnose`, or `DiagnosisAttempts` tried in turn; `difficulty` ties it to the fix
- hand-over: `Routing`
- fixes: `FixPath` by type, with a fallback; `Pipeline` for those that wait for a deployment
- automation: the `automation_…` fields and `harm`
- verification: `IncidentType.verify`, or `Verification` by samples; `Reopening`
- recording: `Recording`, an option of `simulate`: what the export would have shown
- what people can move: `levers()`, and `what_moves()` setting by setting
- investments: `Investment`, a `Scenario` with cost, `Ramp` (delay, adoption, decay), side effects, and doubt about any
  of its numbers (`PertEstimate`); `mttrlab.decisions` ranks them

Left out on purpose: people who share their attention among incidents, noise that dulls people the more of it there
was in the same run (`Noise.dulled` is a fixed factor), and a parent's fix that closes its children. A second person on
one incident is a factor; a second responder is one more in the pool.
"""

from mttrlab.response.calibration.check import Check, check_model
from mttrlab.response.experiment.simulate import simulate
from mttrlab.response.experiment.trace import trace
from mttrlab.response.model.deployments import Deployments
from mttrlab.response.model.detection import DetectionSettings
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.incident_types import FixPath, IncidentProfile, IncidentType
from mttrlab.response.model.responders import Noise, Paging, Pipeline, Pool, Routing, Shift
from mttrlab.response.model.response_model import Ramp, ResponseModel
from mttrlab.response.model.serialization import read_model, write_model
from mttrlab.response.model.workflow import Bursts, DiagnosisAttempts, Impact, Recording, Reopening, Verification
from mttrlab.response.scenarios.applicability import what_moves
from mttrlab.response.scenarios.investment import Investment, PertEstimate, read_investments
from mttrlab.response.scenarios.levers import levers
from mttrlab.response.scenarios.scenario import Scenario, read_scenarios

__all__ = [
    "Bursts",
    "Check",
    "Deployments",
    "DetectionSettings",
    "DiagnosisAttempts",
    "Distribution",
    "FixPath",
    "Impact",
    "IncidentProfile",
    "IncidentType",
    "Investment",
    "Noise",
    "Paging",
    "PertEstimate",
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
    "check_model",
    "levers",
    "read_investments",
    "read_model",
    "read_scenarios",
    "simulate",
    "trace",
    "what_moves",
    "write_model",
]
