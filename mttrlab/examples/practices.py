"""What the made-up organisations run when something fails: monitors, remediation, runbooks, change paths, on-call."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

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


_MONITORED = {("checkout", "error_rate"): 41201, ("payments", "latency"): 41202, ("website", "availability"): 41203}


def monitor_of(service: str, failure_mode: str) -> str:
    """Return the name of the small organisation's monitor that shows this failure of a service; empty: none does."""
    return next((str(one["name"]) for one in _PINEBOX if one["id"] == _MONITORED.get((service, failure_mode))), "")


# What the large organisation alerts on: a rule file a team, with the gaps that such files have.


@dataclass(frozen=True)
class PlantedAlert:
    """An alert as its rule file words it."""

    name: str
    summary: str
    failure_mode: str
    """The failure that it shows; busy processors and full queues are slow services."""
    text: str = field(repr=False)
    """The lines of the rule."""


def _word(service: str) -> str:
    return service.removesuffix("-service").capitalize()


def _down(service: str, held: str) -> PlantedAlert:
    name, summary = f"{_word(service)}Down", f"{service} target down for {held}"
    text = f"""\
      - alert: {name}
        expr: up{{job="{service}"}} == 0
        for: {held}
        labels: {{severity: critical, service: {service}}}
        annotations:
          summary: "{summary}"
          runbook_url: https://runbooks.larkspur.example/{service}/down
"""
    return PlantedAlert(name, summary, "availability", text)


def _errors(service: str, held: str = "5m") -> PlantedAlert:
    name, summary = f"{_word(service)}Errors", f"{service} 5xx ratio > 5 % for {held}"
    text = f"""\
      - alert: {name}
        expr: |
          sum(rate(http_requests_total{{job="{service}", code=~"5.."}}[2m]))
            / sum(rate(http_requests_total{{job="{service}"}}[2m])) > 0.05
        for: {held}
        labels: {{severity: critical, service: {service}}}
        annotations:
          summary: "{summary}"
"""
    return PlantedAlert(name, summary, "error_rate", text)


def _slow(service: str, held: str = "5m") -> PlantedAlert:
    name, summary = f"{_word(service)}Slow", f"{service} p95 latency > 1s for {held}"
    text = f"""\
      - alert: {name}
        expr: |
          histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{job="{service}"}}[5m]))) > 1
        for: {held}
        labels: {{severity: warning, service: {service}}}
        annotations:
          summary: "{summary}"
"""
    return PlantedAlert(name, summary, "latency", text)


def _upstream(service: str) -> PlantedAlert:
    name, summary = f"{_word(service)}UpstreamErrors", f"{service} upstream errors > 10 % for 5m"
    text = f"""\
      - alert: {name}
        expr: |
          sum(rate(upstream_requests_total{{job="{service}", outcome="error"}}[5m]))
            / sum(rate(upstream_requests_total{{job="{service}"}}[5m])) > 0.10
        for: 5m
        labels: {{severity: warning, service: {service}}}
        annotations:
          summary: "{summary}"
"""
    return PlantedAlert(name, summary, "dependency", text)


def _busy(service: str) -> PlantedAlert:
    name = f"{_word(service)}CpuHigh"
    text = f"""\
      - alert: {name}
        expr: avg(rate(container_cpu_usage_seconds_total{{pod=~"{service}-.*"}}[5m])) > 0.9
        for: 10m
        labels: {{severity: warning, service: {service}}}
"""
    return PlantedAlert(name, f"{service} processors busy", "latency", text)


def _crashes(service: str) -> PlantedAlert:
    name = f"{service}-pod-crashlooping"
    text = f"""\
      - alert: {name}
        expr: increase(kube_pod_container_status_restarts_total{{pod=~"{service}-.*"}}[10m]) > 3
        labels: {{severity: warning, service: {service}}}
"""
    return PlantedAlert(name, f"{service} pods crash-looping", "availability", text)


_QUEUE = PlantedAlert(
    "queue-depth-critical",
    "notification-service queue depth critical",
    "latency",
    """\
      - alert: queue-depth-critical
        expr: max(queue_depth{job="notification-service"}) > 50000
        for: 5m
        labels: {severity: critical, service: notification-service}
""",
)

_BURN = """\
  - name: payment-service.slo
    interval: 30s
    rules:
      - record: payment:errors:ratio_rate5m
        expr: |
          sum(rate(http_requests_total{job="payment-service", code=~"5.."}[5m]))
            / sum(rate(http_requests_total{job="payment-service"}[5m]))
      - record: payment:errors:ratio_rate1h
        expr: |
          sum(rate(http_requests_total{job="payment-service", code=~"5.."}[1h]))
            / sum(rate(http_requests_total{job="payment-service"}[1h]))
      - alert: PaymentErrorBudgetBurn
        expr: |
          payment:errors:ratio_rate5m > (14.4 * 0.001)
            and payment:errors:ratio_rate1h > (14.4 * 0.001)
        labels: {severity: critical, service: payment-service}
        annotations:
          summary: "payment-service spends its monthly error budget in two days"
"""

_WATCHDOG = """\
  - name: general.rules
    rules:
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
        annotations:
          summary: "Always firing: proves that the way to the pager works"
"""


def _all_four(service: str, down: str) -> tuple[PlantedAlert, ...]:
    return _down(service, down), _errors(service), _slow(service), _upstream(service)


_ALERTS = {
    "payment-service": (*_all_four("payment-service", "30s"), _crashes("payment-service")),
    "fraud-service": (_down("fraud-service", "2m"), _errors("fraud-service"), _slow("fraud-service")),
    "checkout-service": _all_four("checkout-service", "30s"),
    "search-service": (_down("search-service", "2m"), _errors("search-service"), _slow("search-service", "10m")),
    "catalogue-service": (
        _down("catalogue-service", "2m"), _errors("catalogue-service"), _busy("catalogue-service"),
    ),
    "user-service": (
        _down("user-service", "2m"), _errors("user-service"), _upstream("user-service"), _busy("user-service"),
    ),
    "inventory-service": (_down("inventory-service", "15m"), _busy("inventory-service")),
    "notification-service": (_down("notification-service", "15m"), _QUEUE),
    "gateway-service": (_down("gateway-service", "1m"), _errors("gateway-service")),
}  # fmt: skip
"""What watches a service."""

JOURNEYS = {
    "payment-service": "Place an order: Pay",
    "fraud-service": "Place an order: Pay",
    "checkout-service": "Place an order: Basket",
    "search-service": "Place an order: Search for a book",
    "user-service": "User Login Flow: Submit credentials",
}
"""The step of a synthetic journey that fails where a service does; paying waits for the fraud check."""


def alert_of(service: str, failure_mode: str) -> PlantedAlert | None:
    """Return the alert that shows this failure of a service; None: nothing watches for it."""
    return next((one for one in _ALERTS.get(service, ()) if one.failure_mode == failure_mode), None)


def _file(title: str, services: Iterable[str], more: str = "") -> bytes:
    groups = "".join(
        f"  - name: {service}\n    rules:\n{''.join(one.text for one in _ALERTS[service])}" for service in services
    )
    return f"# {title}\ngroups:\n{groups}{more}".encode()


def rule_files() -> dict[str, bytes]:
    """Return the rule files by name."""
    return {
        "rules-payments.yml": _file("Payments team", ("payment-service", "fraud-service"), _BURN),
        "rules-shop.yml": _file("Shop team", ("checkout-service", "search-service", "catalogue-service")),
        "rules-accounts.yml": _file("Accounts team: slow logins show as busy processors only", ("user-service",)),
        "rules-supply.yml": _file("Supply teams", ("inventory-service", "notification-service")),
        "rules-platform.yml": _file("Platform team", ("gateway-service",), _WATCHDOG),
    }
