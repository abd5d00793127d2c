"""The made-up organisations by name, and all of them into a folder with a README that says what was planted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mttrlab.errors import QuestionError
from mttrlab.examples import laws, telemetry
from mttrlab.examples.incidents import TEAMS
from mttrlab.examples.large import large
from mttrlab.examples.organisation import Organisation
from mttrlab.examples.small import small

_MAKERS = {"large": large, "small": small}


ORGANISATIONS = tuple(_MAKERS)


def organisation(name: str) -> Organisation:
    """Return a made-up organisation: its truth, what was planted, and its files.

    Parameters
    ----------
    name : str
        `large` (two years, four tools) or `small` (three months, PagerDuty and a status page).

    Raises
    ------
    QuestionError
        For any other name.

    Examples
    --------
    >>> small = organisation("small")
    >>> len(small.truth), small.facts.records["small/pagerduty.json"]
    (35, 400)
    """
    if name not in _MAKERS:
        raise QuestionError(f"organisation must be one of {', '.join(ORGANISATIONS)}; got {name!r}")
    return _MAKERS[name]()


def write_examples(folder: Path | str) -> list[Path]:
    """Write the files of every organisation, and README.md, into a folder; return their paths.

    Parameters
    ----------
    folder : Path or str
        Made if it does not exist.
    """
    written = [path for name in ORGANISATIONS for path in organisation(name).write(folder)]
    readme = Path(folder) / "README.md"
    readme.write_bytes(readme_page(large(), small()))
    return [*written, readme]


# The page beside the files that says what they are and what is wrong with them on purpose.


_FORMATS = {
    "exports/incidents.csv": "the team's own tracker: the canonical table, CSV; all six stamps, UTC",
    "exports/supply.json": "the supply teams' tracker, source `stockroom`: the canonical table, JSON",
    "exports/pagerduty.json": "PagerDuty REST incidents with log entries; pages of five services",
    "exports/servicenow.csv": "ServiceNow audit log, a row per update; internal services; `d/m/yyyy HH:MM`, zone-less",
    "exports/statuspage.json": "Statuspage v2; three public components, UTC",
    "small/pagerduty.json": "PagerDuty REST incidents with log entries: all they have",
    "small/statuspage.json": "Statuspage v2; times with the page's offset (-05:00)",
}


CHANGED = (
    "Finding the cause is faster since early January: half within 17 minutes (before: 39 minutes). "
    "52 % shorter, 95 % sure: 40 to 62 % shorter."
)
"""What the lab says of the large organisation; a test compares."""

CHANGED_LATE = (
    "Finding the cause is faster since late February: half within 18 minutes (before: 45 minutes). "
    "55 % shorter, 95 % sure: 25 to 76 % shorter."
)
"""And of the service whose team was late."""


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _file_table(one: Organisation) -> str:
    return _table(
        ("file", "records", "what it is"),
        [(f"`{name}`", count, _FORMATS[name]) for name, count in one.facts.records.items()],
    )


def _dirt_table(dirt: Mapping[str, int]) -> str:
    return _table(("on purpose", "times"), list(dirt.items()))


def _counted(one: Organisation) -> str:
    real = one.truth[one.truth["population"] == "counted"]
    months = real["started_at"].dt.strftime("%Y-%m").value_counts()
    complete = [int(months[month]) for month in one.facts.months]
    return f"{len(real)} counted incidents ({min(complete)} to {max(complete)} a month)"


def _story(large: Organisation) -> str:
    replayed = large.truth.set_index("incident_id").loc[telemetry.STORY]
    broke, back = replayed["title"].rpartition(" ")[2], replayed["resolved_at"] - replayed["started_at"]
    ((team, late),) = laws.LATE.items()
    teams = len(set(TEAMS.values()))
    services = ", ".join(f"`{service}`" for service, owner in TEAMS.items() if owner == team)
    happened = [
        (
            laws.IMPROVED_FROM,
            "diagnostic runbooks: an incident opens with a report of what is unhealthy; finding its cause takes half "
            "the work",
        ),
        (late, f"the {team} team ({services}) takes them up two months late; until then its work is as it was"),
        (f"{pd.Timestamp(telemetry.FIRINGS_FROM, unit='s'):%Y-%m-%d}", "from now on the firings of alerts are kept"),
        (
            f"{replayed['started_at']:%Y-%m-%d}",
            f"{replayed['tracker_id']}: release {broke} of `{replayed['service']}` fails; "
            f"it is rolled back {back.total_seconds() / 60:.0f} minutes after the first error",
        ),
        (
            f"{large.facts.exported_at:%Y-%m-%d}",
            f"the exports are taken; {large.facts.dirt['open']} incidents are open, of which nobody closed three",
        ),
    ]
    found = [
        (
            "`mttrlab changes data/exports`",
            f'"{CHANGED}" The event is named beside it. Nothing else has changed, save spans that contain it',
        ),
        (
            f"`mttrlab changes data/exports --service {services.strip('`')}`",
            f'"{CHANGED_LATE}" The range of dates holds {late}; the event of January is not named',
        ),
        (
            "`mttrlab review data/exports`",
            "the page says the same change first, and its figure of months has a level on each side of the event",
        ),
        (
            f"`mttrlab load data/exports --lab a.duckdb; mttrlab incident {replayed['tracker_id']} --lab a.duckdb`",
            f"release {broke} ({replayed['change_id']}) is the suspect; `{telemetry.FAILS_FIRST}` failed first",
        ),
        ("`mttrlab coverage data/exports`", "nobody watches `reporting-service` and `ledger-service`"),
    ]
    return f"""## The story

Larkspur sells books on the internet: {len(TEAMS)} services of {teams} teams, about 25 incidents a month.
In two years one thing changes: finding the cause. How many incidents come, of which types, who notices them and how
they are fixed stays as it is.

{_table(("when", "what happened"), list(happened))}

Whatever is said of an incident is one story. The version in a title was deployed just before; a rollback brings the
earlier version back. What an alert noticed has a firing of a rule that watches for it, and the firing ends with the
incident, or before it where nobody closed the ticket. Metrics show the fault from its start to its fix, and the log
says the versions that were live.

What a reader should find, from the folder above `data`:

{_table(("command", "answer"), list(found))}"""


def readme_page(large: Organisation, small: Organisation) -> bytes:
    """Return README.md."""
    kinds = [
        (one.name, f"{one.share:.2f}", f"{one.diagnose.median:g} ({one.diagnose.sigma:g})",
         f"{one.verify.median:g} ({one.verify.sigma:g})", f"{one.deployed:.2f}",
         ", ".join(f"{path} {weight:.2f}" for path, weight in one.fix_paths.items()))
        for one in laws.TYPES
    ]  # fmt: skip
    steps = [
        *((f"detect, by {name}", law) for name, law in laws.DETECT.items()),
        ("acknowledge", laws.ACKNOWLEDGE),
        *((f"fix, by {name}", law) for name, law in laws.FIX.items()),
        ("diagnose after the fix", laws.AFTERWARDS),
    ]
    text = f"""# Two made-up organisations

Written by `python -m mttrlab.examples data`, the same bytes every time; a test compares. Nobody here exists.
`mttrlab.examples.organisation("large").truth` is what really happened, `.facts` what was planted.

{_story(large)}

## `exports/`: Larkspur, two years, five files

Taken {large.facts.exported_at:%Y-%m-%d %H:%M} UTC. {_counted(large)}, {large.facts.months[0]} to {
        large.facts.months[-1]
    }.

{_file_table(large)}

`mttrlab.yml` says what the files do not: the zone of the ServiceNow log ({
        large.facts.zones["exports/servicenow.csv"]
    }),
what the status page calls the services, which severity is which, which title means which type.
An incident may be in the tracker, in PagerDuty and on the status page; the records meet by service and start.
`gateway-service` is in PagerDuty alone, `reporting-service` and `ledger-service` in ServiceNow alone.

What was planted (the seed was chosen among sixty so that this one sample shows the improvement at about its planted
size: an example to learn on, no evidence of how often such an improvement shows):

{
        _table(
            ("truth", "value"),
            [
                (
                    "work of diagnosis shortened from",
                    f"{laws.IMPROVED_FROM} (UTC), all types, to {laws.IMPROVEMENT:g} of what it was; "
                    + ", ".join(f"in team {team} from {day} only" for team, day in laws.LATE.items()),
                ),
                (
                    "shared difficulty: correlation of each phase's logarithm with it",
                    ", ".join(f"{phase} {loading:g}" for phase, loading in laws.LOADINGS.items()),
                ),
                (
                    "nights (22 to 7 local) and weekends",
                    ", ".join(f"{step} ×{factor:g}" for step, factor in laws.OFF_HOURS.items()),
                ),
                (
                    "arrivals at night, at weekends",
                    f"×{laws.ARRIVAL_WEIGHTS['night']:g}, ×{laws.ARRIVAL_WEIGHTS['weekend']:g}",
                ),
                ("incidents like none before", f"{laws.HARD_SHARE:g} of all, diagnosis ×{laws.HARD_FACTOR:g}"),
                ("rollbacks and flags pulled before the cause was known", f"{laws.MITIGATED_FIRST:g}"),
                (
                    "timers",
                    "the supply teams' tracker confirms by itself after 24 h where nobody did; "
                    "ServiceNow closes after 120 h",
                ),
            ],
        )
    }

Laws are lognormal; median in minutes, standard deviation of the logarithm in brackets.

{_table(("type", "share", "diagnose, from acknowledgement", "verify", "names its change", "fix paths"), list(kinds))}

{_table(("step", "minutes"), [(name, f"{law.median:g} ({law.sigma:g})") for name, law in steps])}

{_dirt_table(large.facts.dirt)}

## `telemetry/`: what Larkspur's systems said

| file | what it is |
| --- | --- |
| `telemetry/metrics.csv` | service metrics of three incidents of June 2026, every 30 or 60 s, from an hour before |
| `telemetry/prometheus.json` | a fourth incident as a Prometheus range query, in ratios and seconds |
| `telemetry/deployments.csv` | every deployment of the two years: regular ones, those that broke something, rollbacks |
| `telemetry/alertmanager.jsonl` | alert firings from 2026-04 on: of incidents, ended by automation, and noise |
| `telemetry/logs.jsonl` | structured log of one incident; `fraud-service` fails first |
| `telemetry/traces.jsonl` | OTLP traces of the same one; `score.model` of `fraud-service` holds the latency |

`mttrlab.examples.organisation("large").facts.telemetry` says when each really began and when the last request failed.
Nobody stamped the start of one of these incidents and the verification of another: the metrics can.
Every bad release and every wrong configuration is in the table of deployments, also where the incident names no change.

## `practices/`: what Larkspur runs

`mttrlab.yml` names the folder, so that it is loaded with the exports: Prometheus rules of five teams, scrape and
Alertmanager settings, the founding text's login journey and remediation rules as printed, a second journey, a runbook
catalogue, change paths and on-call schedules. The gaps are real ones: nobody watches `reporting-service` and
`ledger-service`; slow logins show as busy processors only; the supply teams' alerts wait a quarter of an hour; the
alert of one remediation rule exists in no rule file; half of the incident types have no runbook; two change paths were
never rehearsed. The title of a page is the summary of the rule that fired or the step of the journey that failed. Where
nothing watches for a failure, no alert noticed it: a journey did, a customer or a person. Firings that came to nothing
are of rules that nobody exported.

## `small/`: Pinebox, three months of pages

Taken {small.facts.exported_at:%Y-%m-%d %H:%M} UTC. {_counted(small)}, {small.facts.months[0]} to {
        small.facts.months[-1]
    }.

{_file_table(small)}

`small/practices/` holds three Datadog monitors; pages of theirs carry the monitor's name, other pages come from tools
whose rules nobody exported. No settings: `mttrlab init` writes them.
PagerDuty knows neither impact start nor diagnosis nor verification.
Checkout has three names: `Checkout API` and `checkout-service` in PagerDuty, `Checkout` on the page;
the website is `web-frontend` and `Website`. The posts on these two join their pages only once aliases are set.
Until then such a post counts and its page, which has no priority, does not: 35 incidents either way.

{_dirt_table(small.facts.dirt)}
"""
    return text.encode()
