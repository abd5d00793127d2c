"""The settings that the large organisation has written for its exports."""

SETTINGS = """\
# What the lab must know about these exports and cannot see in them.
sources:
  servicenow.csv:
    format: servicenow
    timezone: Europe/Berlin   # the log shows the office's wall clock and does not say so
services:
  payment-service: [Payments]
  checkout-service: [Checkout]
  user-service: [Accounts and login]
severity:
  P1: SEV1
  P2: SEV2
  P3: SEV3
  P4: SEV4
  1 - Critical: SEV1
  2 - High: SEV2
  3 - Moderate: SEV3
  4 - Low: SEV4
  critical: SEV1
  major: SEV2
  minor: SEV3
incident_types:
  - {pattern: "certificate", type: certificate_expiry}
  - {pattern: "release|deploy", type: bad_deployment}
  - {pattern: "config", type: config_change}
  - {pattern: "database|slow quer", type: database_slow}
  - {pattern: "upstream|provider|third party", type: dependency_outage}
  - {pattern: "capacity|saturated|pool exhausted", type: capacity}
  - {pattern: "crash|OOMKilled", type: crash_loop}
  - {pattern: "queue|backlog|delayed", type: queue_backlog}
join:
  within_minutes: 30
slo: 0.999
price_of_a_minute: 85.0
currency: EUR
practices: ../practices   # rules, monitors, runbooks: what the teams run
telemetry: ../telemetry   # metrics, deployments, firings, logs: what the systems said
working_hours: {timezone: Europe/Berlin, days: [mon, tue, wed, thu, fri], start: "09:00", end: "18:00"}
"""
