"""The founding text's drawing of a command center, as files that would fill it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

RATES = {"payment-service": (8.4, 82, 1240), "fraud-service": (1.2, 60, 310), "user-service": (0.1, 116, 90),
         "checkout-service": (3.8, 82, 1105)}  # fmt: skip
"""Percent of errors, requests per second (340 in all) and p95 in ms."""


def write_founding(folder: Path) -> Path:
    """Write incidents, metrics, deployments and alerts around 14:47 of one day."""
    at = pd.date_range("2026-03-01T12:30Z", "2026-03-01T15:30Z", freq="30s")
    lines = ["time,service,error_rate,latency_p95,throughput"]
    for moment in at:
        sick = pd.Timestamp("2026-03-01T14:30Z") <= moment < pd.Timestamp("2026-03-01T15:10Z")
        for service, (rate, asked, slow) in RATES.items():
            usual = 390 if service == "payment-service" else min(slow, 300)
            lines.append(
                f"{moment:%Y-%m-%dT%H:%M:%SZ},{service},{rate if sick else 0},{slow if sick else usual},{asked}"
            )
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "deployments.csv").write_text(
        "time,service,version,status,change_id\n2026-03-01T14:32:00Z,payment-service,v2.4.1,succeeded,\n"
        "2026-03-01T13:15:00Z,user-service,v1.8.0,succeeded,\n2026-02-20T09:00:00Z,payment-service,v2.4.0,succeeded,\n"
    )
    alerts = [("payment_error_rate > 5% for 5 minutes", "P1", "payment-service", "2026-03-01T14:35:00Z"),
              ("checkout_p95_latency > 1000ms", "P2", "checkout-service", "2026-03-01T14:36:00Z")]  # fmt: skip
    (folder / "alerts.json").write_text(json.dumps({"version": "4", "alerts": [
        {"status": "firing", "labels": {"alertname": name, "severity": severity, "service": service}, "annotations": {},
         "startsAt": start, "endsAt": "0001-01-01T00:00:00Z", "fingerprint": name[:5]}
        for name, severity, service, start in alerts
    ]}))  # fmt: skip
    (folder / "app.jsonl").write_text("\n".join(json.dumps(line) for line in _log()) + "\n")
    (folder / "incidents.csv").write_text(
        "incident_id,service,severity,title,detected_at,acknowledged_at,resolved_at\n"
        "INC-1,payment-service,SEV1,Card payments fail,2026-03-01T14:35:00Z,2026-03-01T14:47:00Z,2026-03-01T15:10:00Z\n"
    )
    return folder


def _log() -> list[dict]:
    made = [
        {"event": "payment.processing.started", "level": "info", "service": "payment-service", "pod": "payment-7f9-a",
         "timestamp": f"2026-03-01T{13 + n // 60:02d}:{n % 60:02d}:00Z"} for n in range(120)
    ]  # fmt: skip
    for n in range(40):
        made.append({"event": "payment.processing.failed", "level": "error", "service": "payment-service",
                     "error_type": "OperationalError", "error_message": "could not connect to postgres-primary:5432",
                     "pod": "payment-7f9-b",
                     "timestamp": f"2026-03-01T14:{30 + n // 2:02d}:{30 * (n % 2):02d}Z"})  # fmt: skip
    made.append({"event": "checkout.failed", "level": "error", "service": "checkout-service",
                 "timestamp": "2026-03-01T14:31:12Z"})  # fmt: skip
    return made


@pytest.fixture(scope="session")
def founding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the founding text's example."""
    return write_founding(tmp_path_factory.mktemp("founding"))
