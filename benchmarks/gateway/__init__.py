"""Our gateway with every policy on against nginx as plain reverse proxy, in front of the same fixed answer of 1 kB.
The reference is `proxy_pass` as it comes, a connection to the upstream a call; the note also tells of the harder
figure, nginx that keeps those connections as ours does.

One worker each, on one core; load (wrk, 32 connections, 50 signed-in callers in turn) and upstream on the other.
"""

import json
import os
import secrets
import statistics
import sys
import tempfile
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway import nginx
from benchmarks.load import load
from benchmarks.processes import await_port, cpu_seconds, free_port, missing, running
from benchmarks.result import Result
from shared import clock
from shared.db.principals import Role
from shared.security.keys import KeySet, SigningKeys
from shared.security.tokens import Claims, TokenSigner

BAR = 0.5
ROUNDS = 5
SECONDS = 3
CALLERS = 50
PATH = "/api/relief/households/01J9Z3T7K4D5"
_BODY = json.dumps({"items": ["x" * 47] * 20})[:1_000]


@dataclass(frozen=True, slots=True)
class Round:
    """One side, once; `proxy` and `load` are processor microseconds a request, of the proxy and of the other core."""

    per_second: float
    p99_ms: float
    proxy: float
    load: float
    busy: float  # of the load core, 0 to 1


def measure() -> Result:
    """Requests a second of both, medians of interleaved rounds."""
    if reason := missing("nginx", "wrk", "taskset"):
        return Result.impossible("gateway", "requests/s", bar=BAR, better="higher", reason=reason)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return Result.impossible("gateway", "requests/s", bar=BAR, better="higher", reason="needs two cores")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = _rounds(Path(folder), stack, proxy_core=cores[0], load_core=cores[1])
    ours, keeping, default = (found[side] for side in ("ours", "keeping", "default"))
    return Result.measured(
        "gateway",
        _middle(ours, "per_second"),
        _middle(default, "per_second"),
        "requests/s",
        bar=BAR,
        better="higher",
        note=f"ours {_told(ours)}; nginx as it comes {_told(default)}; nginx that keeps its upstream connections "
        f"{_middle(keeping, 'per_second'):,.0f}/s, {_told(keeping)}, ratio to it "
        f"{_middle(ours, 'per_second') / _middle(keeping, 'per_second'):.2f}; load average {os.getloadavg()[0]:.1f}",
    )


def _middle(rounds: list[Round], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in rounds))


def _told(rounds: list[Round]) -> str:
    return (
        f"p99 {_middle(rounds, 'p99_ms'):.1f} ms, {_middle(rounds, 'proxy'):.0f} µs of processor a request, "
        f"load core {_middle(rounds, 'busy'):.0%} busy with {_middle(rounds, 'load'):.0f} µs a request"
    )


def _rounds(folder: Path, stack: ExitStack, *, proxy_core: int, load_core: int) -> dict[str, list[Round]]:
    seed = secrets.token_bytes(32)
    ports = {side: free_port() for side in ("upstream", "ours", "keeping", "default")}
    upstream = stack.enter_context(nginx.fixed_answer(folder / "upstream", ports["upstream"], _BODY, load_core))
    door = [sys.executable, "-m", "benchmarks.gateway.door", str(ports["ours"])]
    door += [f"http://127.0.0.1:{ports['upstream']}", b64encode(seed).decode()]
    sides = {
        "ours": running(door, core=proxy_core, errors=folder / "access.log"),
        "keeping": nginx.keeping_proxy(folder / "keeping", ports["keeping"], ports["upstream"], proxy_core),
        "default": nginx.default_proxy(folder / "default", ports["default"], ports["upstream"], proxy_core),
    }
    processes = {side: stack.enter_context(started) for side, started in sides.items()}
    await_port(ports["ours"], processes["ours"])
    found: dict[str, list[Round]] = {side: [] for side in sides}
    paths = folder / "paths"
    paths.write_text(f"{PATH}\n", encoding="ascii")
    for _ in range(ROUNDS):
        asked = (paths, _sign_in(folder / "tokens", seed))
        for side, process in processes.items():
            found[side].append(_load(ports[side], asked, process.pid, upstream.pid, load_core))
    return found


def _sign_in(path: Path, seed: bytes) -> Path:
    """Fresh tokens for everybody, a line each."""
    signer = TokenSigner(SigningKeys.from_seeds(KeySet(current=1, keys={1: seed}), signs=True))
    claims = (
        Claims.starting(clock.real(), account_id=f"account-{number}", session_id=f"s-{number}", role=Role.TOWN_CLERK)
        for number in range(CALLERS)
    )
    path.write_text("".join(f"{signer.issue(each)}\n" for each in claims), encoding="ascii")
    return path


def _load(port: int, asked: tuple[Path, Path], proxy: int, upstream: int, core: int) -> Round:
    before = cpu_seconds(proxy), cpu_seconds(upstream), os.times()
    seen = load(port, *asked, seconds=SECONDS, core=core)
    after = cpu_seconds(proxy), cpu_seconds(upstream), os.times()
    used = after[2].children_user + after[2].children_system - before[2].children_user - before[2].children_system
    loading = used + after[1] - before[1]
    return Round(
        per_second=seen.per_second,
        p99_ms=seen.p99_ms,
        proxy=(after[0] - before[0]) / seen.requests * 1e6,
        load=loading / seen.requests * 1e6,
        busy=loading / seen.seconds,
    )
