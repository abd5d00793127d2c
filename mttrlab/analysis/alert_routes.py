"""Which way each alert goes through the alert manager: who is told, and how long the first notification waits."""

from __future__ import annotations

import pandas as pd

from mttrlab.schema import AlertRule, Practices

_COLUMNS = [
    "alert", "service", "severity", "receiver", "group_wait_s", "group_interval_s", "repeat_s", "pages", "unsure",
]  # fmt: skip


def alert_routes(practices: Practices) -> pd.DataFrame:
    """Return the route that each alert takes.

    Parameters
    ----------
    practices : Practices
        As `lab.practices()` or `read_practices` give them, the Alertmanager's configuration among them.

    Returns
    -------
    DataFrame
        One row per alert that passes through the routes: `alert, service, severity, receiver`; `group_wait_s` (before
        the first notification of a group, which is in every detection delay), `group_interval_s` (before a further
        alert of a group that has notified already), `repeat_s`; `pages`: whether any receiver that it reaches notifies
        somebody; `unsure`: matchers on labels that the rule does not give and only its time series may have, so that
        another route may be taken. Empty where no file of routes is loaded.

    Examples
    --------
    >>> from mttrlab.schema import Matcher, MonitoringSettings, Route
    >>> root = Route("tickets", routes=(Route("pager", (Matcher("severity", "=", "page"),), group_wait_s=5.0),))
    >>> alerts = (AlertRule("Down", severity="page"), AlertRule("Slow"))
    >>> routes = alert_routes(Practices(alerts=alerts, settings=MonitoringSettings(routing=root)))
    >>> routes[["alert", "receiver", "group_wait_s"]].values.tolist()
    [['Down', 'pager', 5.0], ['Slow', 'tickets', 30.0]]
    """
    settled = (*practices.paging(), *practices.unheard())
    rows = [
        {
            "alert": rule.name, "service": ", ".join(rule.targets), "severity": rule.severity,
            "receiver": ", ".join(rule.routed.receivers), "group_wait_s": rule.group_wait_s,
            "group_interval_s": rule.routed.group_interval_s, "repeat_s": rule.routed.repeat_s,
            "pages": not rule.routed.silent, "unsure": ", ".join(rule.routed.unsure),
        }
        for rule in settled
        if isinstance(rule, AlertRule) and rule.routed is not None
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=_COLUMNS)
