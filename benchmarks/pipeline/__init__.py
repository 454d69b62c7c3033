"""Twenty thousand events of separate commits: outbox, relay, RabbitMQ, inbox and an effect, against the same bodies
published and consumed with aio-pika alone.

Two processes and one quorum queue of the same broker on each side; ours has PostgreSQL besides. The outbox is full
before the clock starts, as after an outage of the broker; the clock stops when the last effect is committed.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline.ours import Place
from benchmarks.pipeline.plain import Pair
from benchmarks.processes import cpu_seconds
from benchmarks.result import Result
from suite.postgres import EmbeddedPostgres
from suite.rabbitmq import RabbitNode, find_programs

BAR = 0.35
EVENTS = 20_000
ROUNDS = 3
_PARTS = ("sender", "receiver", "broker", "database")


@dataclass(frozen=True, slots=True)
class Round:
    """One side, once. `processor`: microseconds an event of each of the parts."""

    per_second: float
    processor: dict[str, float]


def measure() -> Result:
    """Events a second of both, medians of interleaved rounds."""
    if find_programs() is None:
        return Result.impossible(
            "pipeline", "events/s", bar=BAR, better="higher", reason="not installed here: RabbitMQ"
        )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)  # the database server may run as another user
        ours, bare, filled = asyncio.run(_rounds(Path(folder), stack))
    return Result.measured(
        "pipeline",
        _per_second(ours),
        _per_second(bare),
        "events/s",
        bar=BAR,
        better="higher",
        note=f"{EVENTS:,} events, µs of processor each: ours {_told(ours)}; bare, each acknowledged by itself, "
        f"{_told(bare)}; the outbox was filled before, a commit each, at {statistics.median(filled):,.0f}/s; "
        f"load average {os.getloadavg()[0]:.1f}",
    )


def _per_second(rounds: list[Round]) -> float:
    return statistics.median(each.per_second for each in rounds)


def _told(rounds: list[Round]) -> str:
    return ", ".join(f"{part} {statistics.median(each.processor[part] for each in rounds):.0f}" for part in _PARTS)


async def _rounds(folder: Path, stack: ExitStack) -> tuple[list[Round], list[Round], list[float]]:
    """Ours, bare, and how many events a second the outbox was filled with."""
    server, node = EmbeddedPostgres(folder / "postgres"), RabbitNode(folder / "rabbit")
    address = stack.enter_context(server)
    node.start()
    stack.callback(node.stop)
    place = Place(address, node.url, folder)
    await place.prepare()
    workers = place.start_workers(stack)
    servers = {"broker": node.pid or 0, "database": server.pid or 0}
    ours: list[Round] = []
    bare: list[Round] = []
    filled: list[float] = []
    for _ in range(ROUNDS):
        async with place.relay_held() as let_go:
            begun = time.perf_counter()
            bodies = await place.fill(EVENTS)
            filled.append(EVENTS / (time.perf_counter() - begun))
            with _timed(ours, workers | servers):
                await let_go()
                await place.all_taken()
        await place.check()
        with Pair(node.url, folder / "bodies", bodies) as pair, _timed(bare, pair.pids | servers):
            pair.run()
    return ours, bare, filled


@contextmanager
def _timed(rounds: list[Round], pids: dict[str, int]) -> Iterator[None]:
    before, begun = {part: cpu_seconds(pid) for part, pid in pids.items()}, time.perf_counter()
    yield
    seconds = time.perf_counter() - begun
    used = {part: (cpu_seconds(pid) - before[part]) / EVENTS * 1e6 for part, pid in pids.items()}
    rounds.append(Round(EVENTS / seconds, used))
