"""The made-up organisations by name, and all of them into a folder with a README that says what was planted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mttrlab.errors import QuestionError
from mttrlab.examples import laws
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
                    f"{laws.IMPROVED_FROM} (UTC), all types, to {laws.IMPROVEMENT:g} of what it was",
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

{_table(("type", "share", "diagnose, from acknowledgement", "verify", "caused by a change", "fix paths"), list(kinds))}

{_table(("step", "minutes"), [(name, f"{law.median:g} ({law.sigma:g})") for name, law in steps])}

{_dirt_table(large.facts.dirt)}

## `telemetry/`: what Larkspur's systems said

| file | what it is |
| --- | --- |
| `telemetry/metrics.csv` | service metrics of three incidents of June 2026, every 30 or 60 s, from an hour before |
| `telemetry/prometheus.json` | a fourth incident as a Prometheus range query, in ratios and seconds |
| `telemetry/deployments.csv` | every deployment of the two years; those that caused an incident carry its change |
| `telemetry/alertmanager.jsonl` | alert firings from 2026-04 on: of incidents, ended by automation, and noise |
| `telemetry/logs.jsonl` | structured log of one incident; `fraud-service` fails first |
| `telemetry/traces.jsonl` | OTLP traces of the same one; `score.model` of `fraud-service` holds the latency |

`mttrlab.examples.organisation("large").facts.telemetry` says when each really began and when the last request failed.
Nobody stamped the start of one of these incidents and the verification of another: the metrics can.

## `practices/`: what Larkspur runs

`mttrlab.yml` names the folder, so that it is loaded with the exports: Prometheus rules of five teams, scrape and
Alertmanager settings, the founding text's login journey and remediation rules as printed, a second journey, a runbook
catalogue, change paths and on-call schedules. The gaps are real ones: nobody watches `reporting-service` and
`ledger-service`; slow logins show as busy processors only; the supply teams' alerts wait a quarter of an hour; the
alert of one remediation rule exists in no rule file; half of the incident types have no runbook; two change paths were
never rehearsed. Titles of pages agree with the rules: a 5xx ratio above 5 % for five minutes is what fires.

## `small/`: Pinebox, three months of pages

Taken {small.facts.exported_at:%Y-%m-%d %H:%M} UTC. {_counted(small)}, {small.facts.months[0]} to {
        small.facts.months[-1]
    }.

{_file_table(small)}

`small/practices/` holds three Datadog monitors. No settings: `mttrlab init` writes them.
PagerDuty knows neither impact start nor diagnosis nor verification.
Checkout has three names: `Checkout API` and `checkout-service` in PagerDuty, `Checkout` on the page;
the website is `web-frontend` and `Website`. The posts on these two join their pages only once aliases are set.
Until then such a post counts and its page, which has no priority, does not: 35 incidents either way.

{_dirt_table(small.facts.dirt)}
"""
    return text.encode()
