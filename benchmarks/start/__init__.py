"""The whole suite, embedded, against an empty FastAPI application on the same PostgreSQL: from the start of the process
to the first answer, and what both weigh at rest. Both find their data again, as at any start but the first.
"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.processes import free_port, proportional_bytes, running
from benchmarks.result import Result

ROUNDS = 3
PATIENCE_SECONDS = 120.0
REST_SECONDS = 3.0


def measure() -> Result:
    """Seconds of both, medians of interleaved rounds; the weights are in the note."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)  # the database server may run as another user
        sides = [("suite", "up"), ("benchmarks.start.empty",)]
        found: list[list[tuple[float, float]]] = [[], []]
        for number in range(ROUNDS + 1):
            for side, module in enumerate(sides):
                started = _start(home / str(side), module)
                if number:  # the first start made the databases
                    found[side].append(started)
    ours, reference = ([statistics.median(values) for values in zip(*each, strict=True)] for each in found)
    return Result.measured(
        "start",
        ours[0],
        reference[0],
        "seconds to the first answer",
        bar=None,
        better="lower",
        note=f"at rest with PostgreSQL {ours[1]:.0f} MiB (PSS), the empty application {reference[1]:.0f} MiB; "
        f"load average {os.getloadavg()[0]:.1f}",
    )


def _start(home: Path, module: tuple[str, ...]) -> tuple[float, float]:
    """(seconds to the first answer, MiB at rest) of one start."""
    home.mkdir(exist_ok=True)
    port = free_port()
    environment: Mapping[str, str] = {"PUYOU_HOME": str(home / "data"), "PUYOU_PORT": str(port)}
    begun = time.perf_counter()
    command = [sys.executable, "-m", *module]
    with running(command, errors=home / "errors", environment=environment) as process:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - begun > PATIENCE_SECONDS:
                raise RuntimeError(f"{module[0]} does not start: {(home / 'errors').read_text()[-2_000:]}")
            time.sleep(0.01)
        seconds = time.perf_counter() - begun
        time.sleep(REST_SECONDS)
        return seconds, proportional_bytes(process.pid) / 2**20


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    connection.close()
    return False
