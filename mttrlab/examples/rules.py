"""What the large organisation alerts on: a rule file a team, with the gaps that such files have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_Rule = str


def _word(service: str) -> str:
    return service.removesuffix("-service").capitalize()


def _down(service: str, held: str) -> _Rule:
    return f"""\
      - alert: {_word(service)}Down
        expr: up{{job="{service}"}} == 0
        for: {held}
        labels: {{severity: critical, service: {service}}}
        annotations:
          summary: "{service} target down for {held}"
          runbook_url: https://runbooks.larkspur.example/{service}/down
"""


def _errors(service: str, held: str = "5m") -> _Rule:
    return f"""\
      - alert: {_word(service)}Errors
        expr: |
          sum(rate(http_requests_total{{job="{service}", code=~"5.."}}[2m]))
            / sum(rate(http_requests_total{{job="{service}"}}[2m])) > 0.05
        for: {held}
        labels: {{severity: critical, service: {service}}}
        annotations:
          summary: "{service} 5xx ratio > 5 % for {held}"
"""


def _slow(service: str, held: str = "5m") -> _Rule:
    return f"""\
      - alert: {_word(service)}Slow
        expr: |
          histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{job="{service}"}}[5m]))) > 1
        for: {held}
        labels: {{severity: warning, service: {service}}}
        annotations:
          summary: "{service} p95 latency > 1s for {held}"
"""


def _upstream(service: str) -> _Rule:
    return f"""\
      - alert: {_word(service)}UpstreamErrors
        expr: |
          sum(rate(upstream_requests_total{{job="{service}", outcome="error"}}[5m]))
            / sum(rate(upstream_requests_total{{job="{service}"}}[5m])) > 0.10
        for: 5m
        labels: {{severity: warning, service: {service}}}
        annotations:
          summary: "{service} upstream errors > 10 % for 5m"
"""


def _busy(service: str) -> _Rule:
    return f"""\
      - alert: {_word(service)}CpuHigh
        expr: avg(rate(container_cpu_usage_seconds_total{{pod=~"{service}-.*"}}[5m])) > 0.9
        for: 10m
        labels: {{severity: warning, service: {service}}}
"""


def _crashes(service: str) -> _Rule:
    return f"""\
      - alert: {service}-pod-crashlooping
        expr: increase(kube_pod_container_status_restarts_total{{pod=~"{service}-.*"}}[10m]) > 3
        labels: {{severity: warning, service: {service}}}
"""


_QUEUE = """\
      - alert: queue-depth-critical
        expr: max(queue_depth{job="notification-service"}) > 50000
        for: 5m
        labels: {severity: critical, service: notification-service}
"""

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


def _file(title: str, services: Iterable[tuple[str, Iterable[_Rule]]], more: str = "") -> bytes:
    groups = "".join(f"  - name: {service}\n    rules:\n{''.join(rules)}" for service, rules in services)
    return f"# {title}\ngroups:\n{groups}{more}".encode()


def _all_four(service: str, down: str) -> list[_Rule]:
    makers: tuple[Callable[[str], _Rule], ...] = (_errors, _slow, _upstream)
    return [_down(service, down), *(make(service) for make in makers)]


def rule_files() -> dict[str, bytes]:
    """Return the rule files by name."""
    payment, fraud, checkout, user = "payment-service", "fraud-service", "checkout-service", "user-service"
    search, catalogue, gateway = "search-service", "catalogue-service", "gateway-service"
    inventory, notification = "inventory-service", "notification-service"
    return {
        "rules-payments.yml": _file(
            "Payments team",
            [
                (payment, [*_all_four(payment, "30s"), _crashes(payment)]),
                (fraud, [_down(fraud, "2m"), _errors(fraud), _slow(fraud)]),
            ],
            _BURN,
        ),
        "rules-shop.yml": _file(
            "Shop team",
            [
                (checkout, _all_four(checkout, "30s")),
                (search, [_down(search, "2m"), _errors(search), _slow(search, "10m")]),
                (catalogue, [_down(catalogue, "2m"), _errors(catalogue), _busy(catalogue)]),
            ],
        ),
        "rules-accounts.yml": _file(
            "Accounts team: slow logins show as busy processors only",
            [(user, [_down(user, "2m"), _errors(user), _upstream(user), _busy(user)])],
        ),
        "rules-supply.yml": _file(
            "Supply teams",
            [
                (inventory, [_down(inventory, "15m"), _busy(inventory)]),
                (notification, [_down(notification, "15m"), _QUEUE]),
            ],
        ),
        "rules-platform.yml": _file("Platform team", [(gateway, [_down(gateway, "1m"), _errors(gateway)])], _WATCHDOG),
    }
