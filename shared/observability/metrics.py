"""Metrics of a service, defined once per process with a `service` label (labels never hold ids)."""

import time
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Histogram(
    "puyou_request_seconds",
    "Requests by route template",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENTS_DONE = Counter("puyou_inbox_done_total", "Events worked off", ["service"])
DATABASE_UP = Gauge("puyou_database_up", "1 while the worker can read its database", ["service"])
OUTBOX_AGE = Gauge("puyou_outbox_oldest_seconds", "Age of the oldest unsent event", ["service"])
INBOX_AGE = Gauge("puyou_inbox_oldest_seconds", "Age of the oldest pending event", ["service"])
INBOX_PENDING = Gauge("puyou_inbox_pending", "Events not worked off yet", ["service"])
PARKED = Gauge("puyou_inbox_parked", "Events a human has to look at", ["service"])
BLOCKED = Gauge("puyou_blocked_subjects", "Subjects whose events wait behind a failed one", ["service"])
TIMER_AGE = Gauge("puyou_timer_oldest_seconds", "How long the most overdue timer has been due", ["service"])
TASKS_OVERDUE = Gauge("puyou_tasks_overdue", "Open one-thing tasks past their limit", ["service"])
CALLS_PENDING = Gauge("puyou_calls_pending", "Calls outside that are to be made or made again", ["service"])
CALLS_MANUAL = Gauge("puyou_calls_manual", "Calls outside that have failed for good and wait for a human", ["service"])
UNSEALED = Gauge("puyou_audit_unsealed", "Audit rows not yet in a sealed block", ["service"])
POOL_WAIT = Histogram(
    "puyou_pool_wait_seconds",
    "Wait for a database connection, also in vain",
    ["service", "pool"],
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 5, 30),
)
LOOP_ROUND = Gauge("puyou_loop_round_timestamp_seconds", "When a loop last came round", ["service", "loop"])
LOOP_FAILURES = Counter("puyou_loop_failures_total", "Rounds of a loop that failed", ["service", "loop"])
BROKER_UP = Gauge("puyou_broker_up", "1 while events can pass: publish, consume", ["service", "direction"])
BROKER_BLOCKED = Gauge("puyou_broker_blocked", "1 while the broker is there but takes nothing", ["service"])
PUBLISHED = Counter("puyou_broker_published_total", "Events the broker has confirmed", ["service"])
CONSUMED = Counter("puyou_broker_consumed_total", "Messages stored in the inbox", ["service"])
BATCHES = Counter("puyou_broker_batches_total", "Inserts they were stored with", ["service"])
UNREADABLE = Counter("puyou_broker_unreadable_total", "Messages that are no events; parked", ["service"])


class MeasureRequests:
    """ASGI middleware: latency by route template, never by path."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service
        self._measured: dict[tuple[str, str, str], Histogram] = {}  # `labels` costs more than what it finds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = "500"

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route: Any = scope.get("route")
            template = getattr(route, "path", "none")
            key = (scope["method"], template, status)
            if key not in self._measured:
                self._measured[key] = REQUESTS.labels(self.service, *key)
            self._measured[key].observe(time.perf_counter() - started)
