"""What the made-up organisations run when something fails: monitors, remediation, runbooks, change paths, on-call."""

from __future__ import annotations

import json

from mttrlab.examples.rules import rule_files

_PROMETHEUS = """\
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files: [rules-*.yml]
scrape_configs:
  - job_name: inventory-service   # an old exporter that is slow to answer
    scrape_interval: 60s
    static_configs: [{targets: ["inventory.larkspur.example:9100"]}]
"""

_ALERTMANAGER = """\
route:
  receiver: pager
  group_by: [service]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - matchers: [severity="none"]
      receiver: nobody
receivers:
  - name: pager
    pagerduty_configs: [{routing_key_file: /etc/alertmanager/pagerduty.key}]
  - name: nobody
"""

_LOGIN = """\
# Critical path monitoring
monitors:
  - name: "User Login Flow"
    type: multi-step
    interval: 60
    steps:
      - name: "Load login page"
        url: "https://app.example.com/login"
        assert_status: 200
        assert_load_time_ms: 2000
      - name: "Submit credentials"
        url: "https://app.example.com/api/auth/login"
        method: POST
        body: '{"email": "monitor@example.com", "password": "${MONITOR_PASSWORD}"}'
        assert_status: 200
        assert_json_path: "$.token"
      - name: "Access dashboard"
        url: "https://app.example.com/api/dashboard"
        use_auth_from_step: 2
        assert_status: 200
"""
"""As the founding text prints it."""

_ORDER = """\
# The other journey that earns money. Five minutes apart and confirmed once: slower than the goal, on purpose.
monitors:
  - name: "Place an order"
    interval: 5m
    confirmations: 2
    locations: 3
    steps:
      - {name: "Basket", url: "https://shop.larkspur.example/basket", assert_status: 200, service: checkout-service}
      - name: "Search for a book"
        url: "https://shop.larkspur.example/search"
        assert_body_contains: "results"
        assert_load_time_ms: 1500
        service: search-service
      - name: "Pay"
        url: "https://shop.larkspur.example/api/pay"
        method: POST
        body: '{"card": "${TEST_CARD}"}'
        assert_status: 200
        assert_json_path: "$.receipt"
        service: payment-service
# Whom the login journey watches; the file that describes it does not say.
alert_map:
  - {alert: "User Login Flow", service: user-service}
"""

_REMEDIATION = """\
# Automated remediation rules
remediation:
  - alert: "payment-service-pod-crashlooping"
    action:
      type: kubernetes_rollout_restart
      deployment: payment-service
      namespace: payments
    max_auto_attempts: 2
    notify: ["#payments-team"]
  - alert: "cache-memory-high"
    action:
      type: script
      script: "scripts/flush-cache-safely.sh"
      timeout: 60s
    notify: ["#platform-team"]
  - alert: "queue-depth-critical"
    action:
      type: scale_deployment
      deployment: queue-consumer
      namespace: workers
      replicas: 10  # Scale up from default 3
    notify: ["#backend-team"]
"""
"""As the founding text prints it; no rule file has the second alert."""

_RUNBOOKS = """\
# What to do, by incident type. Half of the types have nothing written.
runbooks:
  - name: Roll back a release
    incident_types: [bad_deployment]
    alerts: [CheckoutErrors, PaymentErrors, PaymentErrorBudgetBurn]
    url: https://runbooks.larkspur.example/release
    automated_diagnosis: true      # scripts/diagnose.sh: health, errors, deployments, pods, dependencies
    diagnosis_minutes: 0.5
    reviewed: "2026-03-02"
  - name: Slow database
    incident_types: [database_slow]
    alerts: [SearchSlow, PaymentSlow, CheckoutSlow]
    url: https://runbooks.larkspur.example/database
    diagnosis_minutes: 20
    reviewed: "2024-11-18"
  - name: Crash loops
    incident_types: [crash_loop]
    alerts: [payment-service-pod-crashlooping]
    url: https://runbooks.larkspur.example/crash-loop
    diagnosis_minutes: 10
    reviewed: "2025-09-30"
  - name: Queues
    incident_types: [queue_backlog]
    alerts: [queue-depth-critical]
    url: https://runbooks.larkspur.example/queues
    diagnosis_minutes: 8
    reviewed: "2026-01-20"
"""

_PATHS = """\
# How a change is undone. The times are what the last rehearsals took.
change_paths:
  - name: Feature flags
    kind: flag
    services: [checkout-service, payment-service, search-service]
    incident_types: [bad_deployment, dependency_outage]
    eligible: 0.35
    minutes: {low: 0.5, likely: 2, high: 5}
    success: 0.97
    documented: true
    rehearsed: "2026-05-12"
  - name: Deployment rollback
    kind: rollback
    incident_types: [bad_deployment, config_change, crash_loop]
    eligible: 0.8
    minutes: {low: 5, likely: 8, high: 15}
    success: 0.93
    documented: true
    rehearsed: "2026-04-08"
    command: kubectl rollout undo deployment/NAME
  - name: Terraform, last known good state
    kind: terraform
    incident_types: [config_change, capacity]
    eligible: 0.5
    minutes: {low: 8, likely: 20, high: 45}
    success: 0.85
    documented: true
    command: git checkout HEAD~1 -- infrastructure/NAME && terraform apply
  - name: Database migration, backwards
    kind: migration
    incident_types: [database_slow]
    eligible: 0.2
    minutes: {low: 20, likely: 60, high: 240}
    success: 0.6
    documented: false
"""

_ON_CALL = """\
on_call:
  - name: Product services
    timezone: Europe/Berlin
    levels:
      - {pool: product engineers, people: 1, ack_timeout_minutes: 5, ack_minutes: 4}
      - {pool: product seniors, people: 1, ack_timeout_minutes: 10, ack_minutes: 6}
    repeats: 2
    services: [payment-service, fraud-service, checkout-service, search-service, catalogue-service, user-service,
               gateway-service]
  - name: Supply services
    timezone: Europe/Berlin
    levels:
      - {pool: supply engineers, people: 1, ack_timeout_minutes: 15, days: [mon, tue, wed, thu, fri],
         start: "07:00", end: "20:00"}
    services: [inventory-service, notification-service]
"""

_PINEBOX = [
    {
        "id": 41201,
        "name": "Checkout API error rate",
        "type": "query alert",
        "query": "sum(last_5m):sum:trace.http.request.errors{service:checkout}.as_count() / "
        "sum:trace.http.request.hits{service:checkout}.as_count() > 0.05",
        "message": "Checkout returns errors. @pagerduty-Checkout",
        "tags": ["service:checkout", "team:platform"],
        "options": {"thresholds": {"critical": 0.05}, "evaluation_delay": 60, "notify_no_data": False},
    },
    {
        "id": 41202,
        "name": "Payments p95 latency",
        "type": "query alert",
        "query": "avg(last_10m):p95:trace.http.request.duration{service:payments} > 2",
        "message": "Payments is slow. @pagerduty-Payments",
        "tags": ["service:payments", "team:platform"],
        "options": {"thresholds": {"critical": 2}, "evaluation_delay": 0},
    },
    {
        "id": 41203,
        "name": "Website host unreachable",
        "type": "service check",
        "query": '"http.can_connect".over("instance:website").by("*").last(4).count_by_status()',
        "message": "Website cannot be reached. @pagerduty-web-frontend",
        "tags": ["service:website", "team:platform"],
        "options": {"thresholds": {"critical": 3, "ok": 1}},
    },
]


def large_practices() -> dict[str, bytes]:
    """Return the files of the large organisation, by path."""
    texts = {
        "prometheus.yml": _PROMETHEUS,
        "alertmanager.yml": _ALERTMANAGER,
        "synthetic-monitors.yml": _LOGIN,
        "monitors-shop.yml": _ORDER,
        "remediation.yml": _REMEDIATION,
        "runbooks.yml": _RUNBOOKS,
        "change-paths.yml": _PATHS,
        "on-call.yml": _ON_CALL,
    }
    files = {**rule_files(), **{name: text.encode() for name, text in texts.items()}}
    return {f"practices/{name}": files[name] for name in sorted(files)}


def small_practices() -> dict[str, bytes]:
    """Return the files of the small organisation: three Datadog monitors, and nothing written down."""
    return {"small/practices/datadog.json": (json.dumps(_PINEBOX, indent=2) + "\n").encode()}
