"""Reading people, every policy on (token, row security, masking, audit), against a bare FastAPI + asyncpg endpoint on
the same table with a token check and nothing else.

A hundred thousand persons; a list of twenty from a random place and one file by a random id, in turns, over 32
connections. One process each, on one core; PostgreSQL and the load on the other.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import load
from benchmarks.processes import await_port, cpu_seconds, free_port, missing, running
from benchmarks.read import people
from benchmarks.result import Result
from suite.postgres import Address, EmbeddedPostgres

BAR = 0.35
PERSONS = 100_000
ROUNDS = 5
SECONDS = 3
_SIDES = ("ours", "bare")
_MIXES = ("both", "list", "detail")


@dataclass(frozen=True, slots=True)
class Round:
    """One side, once."""

    per_second: float
    p99_ms: float
    processor: float  # microseconds of the server process a request


def measure() -> Result:
    """Requests a second of both, medians of interleaved rounds; the ratio is that of lists and files in turns."""
    if reason := missing("wrk", "taskset"):
        return Result.impossible("read", "requests/s", bar=BAR, better="higher", reason=reason)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return Result.impossible("read", "requests/s", bar=BAR, better="higher", reason="needs two cores")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = _rounds(Path(folder), stack, cores)
    ours, bare = found["both", "ours"], found["both", "bare"]
    told = [
        f"{mix}: ours {_told(found[mix, 'ours'])}, bare {_told(found[mix, 'bare'])}, ratio "
        f"{_middle(found[mix, 'ours'], 'per_second') / _middle(found[mix, 'bare'], 'per_second'):.2f}"
        for mix in _MIXES
    ]
    return Result.measured(
        "read",
        _middle(ours, "per_second"),
        _middle(bare, "per_second"),
        "requests/s",
        bar=BAR,
        better="higher",
        note="; ".join([*told, f"load average {os.getloadavg()[0]:.1f}"]),
    )


def _middle(rounds: list[Round], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in rounds))


def _told(rounds: list[Round]) -> str:
    return (
        f"{_middle(rounds, 'per_second'):.0f}/s p99 {_middle(rounds, 'p99_ms'):.0f} ms "
        f"{_middle(rounds, 'processor'):.0f} µs"
    )


@contextmanager
def _postgres(folder: Path, core: int) -> Iterator[Address]:
    """A server on one core: its processes inherit the affinity of the one that starts it."""
    server, mine = EmbeddedPostgres(folder), os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        address = server.start()
    finally:
        os.sched_setaffinity(0, mine)
    try:
        yield address
    finally:
        server.stop()


def _rounds(folder: Path, stack: ExitStack, cores: list[int]) -> dict[tuple[str, str], list[Round]]:
    address = stack.enter_context(_postgres(folder / "postgres", cores[1]))
    place = people.Place.of(address, folder / "keyring.json")
    places = people.fill(place, PERSONS)
    ports, pids = {}, {}
    for side in _SIDES:
        ports[side] = free_port()
        command = [sys.executable, "-m", f"benchmarks.read.{side}", str(ports[side]), place.as_argument()]
        process = stack.enter_context(running(command, core=cores[0], errors=folder / f"{side}.log"))
        await_port(ports[side], process)
        pids[side] = process.pid
    found: dict[tuple[str, str], list[Round]] = {(mix, side): [] for mix in _MIXES for side in _SIDES}
    for number in range(ROUNDS + 1):
        tokens = people.sign_in(place, folder / "tokens")
        for mix in _MIXES:
            for side in _SIDES:
                paths = folder / f"{mix}-{side}"
                paths.write_text("".join(f"{path}\n" for path in people.paths(side, mix, places)), encoding="ascii")
                found[mix, side].append(_load(ports[side], paths, tokens, pids[side], cores[1]))
        if number == 0:  # in the first round statements are compiled and pages read: it is not counted
            found = {each: [] for each in found}
    return found


def _load(port: int, paths: Path, tokens: Path, server: int, core: int) -> Round:
    before = cpu_seconds(server)
    seen = load(port, paths, tokens, seconds=SECONDS, core=core)
    return Round(seen.per_second, seen.p99_ms, (cpu_seconds(server) - before) / seen.requests * 1e6)
