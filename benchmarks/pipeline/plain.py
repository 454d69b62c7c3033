"""aio-pika alone, as two processes that are told when to begin and say when they have ended."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from benchmarks.processes import ROOT


class Pair:
    """A publisher and a consumer of the same bodies."""

    def __init__(self, broker: str, file: Path, bodies: list[bytes]) -> None:
        file.write_bytes(b"\n".join(bodies))
        self._command = [sys.executable, "-m", "benchmarks.pipeline.bare"]
        self._rest = [broker, str(file)]
        self._consumer = self._started("consume")  # and makes the queue, before the publisher looks for it
        self._publisher = self._started("publish")

    def _started(self, part: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*self._command, part, *self._rest], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        _hear(process, "ready")
        return process

    @property
    def pids(self) -> dict[str, int]:
        """By part."""
        return {"sender": self._publisher.pid, "receiver": self._consumer.pid}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in (self._publisher, self._consumer):
            process.communicate("end\n", timeout=30)

    def run(self) -> None:
        """From the first publish to the last acknowledgement."""
        publisher = cast("IO[str]", self._publisher.stdin)
        publisher.write("begin\n")
        publisher.flush()
        _hear(self._consumer, "done")
        _hear(self._publisher, "done")


def _hear(process: "subprocess.Popen[str]", word: str) -> None:
    said = cast("IO[str]", process.stdout).readline().strip()
    if said != word:
        process.kill()
        raise RuntimeError(f"a bare process said {said!r}, not {word!r}")
