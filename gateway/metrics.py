"""What the door counts. Defined once: in one process all services share the default registry.

No label ever holds an id: routes are templates the services name, everything else is a short closed list.
"""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

from gateway.exchange import METHODS, Exchange
from gateway.problems import Reply

REQUESTS = Counter("puyou_gateway_requests", "Calls answered.", ["upstream", "method", "route", "status"])
SECONDS = Histogram(
    "puyou_gateway_request_seconds",
    "From the call's arrival to the end of its answer.",
    ["upstream", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
IN_FLIGHT = Gauge("puyou_gateway_in_flight", "Calls under way.", ["upstream"])
RATE_LIMITED = Counter("puyou_gateway_rate_limited", "Calls refused by a rate.", ["rate"])
UPSTREAM_ERRORS = Counter("puyou_gateway_upstream_errors", "Calls a service did not answer well.", ["upstream", "kind"])

_MOST_ROUTES = 2_000
_routes: set[tuple[str, str]] = set()
# What `labels` finds by building and hashing texts, kept by what is at hand.
_found: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}


def route_label(upstream: str, route: str) -> str:
    """The template itself, or `other` once there are more of them than any API has."""
    if (upstream, route) in _routes:
        return route
    if len(_routes) >= _MOST_ROUTES or len(route) > 200:
        return "other"
    _routes.add((upstream, route))
    return route


def count(exchange: Exchange, seconds: float) -> None:
    """Count one finished call."""
    method = exchange.method if exchange.method in METHODS else "OTHER"
    route = route_label(exchange.upstream, exchange.route)
    key = (exchange.upstream, method, route, exchange.status // 100)
    found = _found.get(key)
    if found is None:
        status = f"{exchange.status // 100}xx" if exchange.status else "gone"
        requests = REQUESTS.labels(exchange.upstream, method, route, status)
        found = _found[key] = (requests, SECONDS.labels(exchange.upstream, method, route))
    found[0].inc()
    found[1].observe(seconds)


async def page() -> Reply:
    """The process registry in Prometheus text format."""
    return Reply(generate_latest(REGISTRY), content_type=b"text/plain; version=0.0.4; charset=utf-8")
