"""Load by wrk: 32 connections that ask for every path of a file in turn, as many signed-in callers in turn."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one round of load has seen."""

    requests: int
    seconds: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def load(port: int, paths: Path, tokens: Path, *, seconds: int, core: int) -> Load:
    """One round against a port of this machine; RuntimeError when a call was refused or failed."""
    wrk = ["taskset", "--cpu-list", str(core), "wrk", "--threads", "1", "--connections", str(CONNECTIONS)]
    target = ["--duration", f"{seconds}s", "--script", str(_SCRIPT), f"http://127.0.0.1:{port}"]
    said = subprocess.check_output([*wrk, *target, "--", str(paths), str(tokens)], text=True, timeout=seconds + 20)
    told = json.loads(said.splitlines()[-1])
    if told["failed"]:
        raise RuntimeError(f"{told['failed']} of {told['requests']} calls failed")
    return Load(told["requests"], told["microseconds"] / 1e6, told["p99"] / 1_000)
