"""Which processes a distributed suite consists of. docker-compose.yml describes the same ones; a test compares."""

from collections.abc import Iterator
from dataclasses import dataclass

SERVICE_NAMES = ("brain", "eldercare", "relief", "charity", "affairs")
"""Written out for whoever starts before the services are imported; a test holds them to `suite.compose`."""


@dataclass(frozen=True, slots=True)
class Process:
    """One program: `python -m <module> <arguments>`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()


SIMULATORS = Process("simulators", "suite.simulators")
GATEWAY = Process("gateway", "gateway")
APIS = tuple(Process(f"{name}-api", f"services.{name}", ("api",)) for name in SERVICE_NAMES)
WORKERS = tuple(Process(f"{name}-worker", f"services.{name}", ("worker",)) for name in SERVICE_NAMES)

TIERS: tuple[tuple[Process, ...], ...] = ((SIMULATORS,), (*APIS, *WORKERS), (GATEWAY,))
"""Stopped from the last tier to the first, each when the one after it has ended; started in this order, where the
first two need not wait for each other."""


def processes() -> Iterator[Process]:
    """All of them."""
    for tier in TIERS:
        yield from tier


def upstreams(addresses: dict[str, str]) -> dict[str, str]:
    """What the gateway has behind it, from the processes' addresses: the services, and the suite's dev pages."""
    return {name: addresses[f"{name}-api"] for name in SERVICE_NAMES} | {"dev": addresses[SIMULATORS.name]}
