"""Keeps one process of the suite running: starts it again when it ends, replaces it without a gap when told to."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from suite.distributed.child_process import ChildProcess
from suite.distributed.topology import Process

_STEADY_SECONDS = 10.0
_LONGEST_PAUSE = 30.0
_PATIENCE = 30.0


class NotStarted(OSError):
    """A process ended before it was ready."""


class Keeper:
    """The listener is ours and outlives every run of the process: nobody who connects is ever refused."""

    def __init__(
        self,
        process: Process,
        listener: socket.socket,
        environment: Mapping[str, str],
        log: Path,
        say: Callable[[str], None],
    ) -> None:
        self.process = process
        self.listener = listener
        self._environment = environment
        self._log = log
        self._say = say
        self._lock = asyncio.Lock()
        self._children: set[ChildProcess] = set()
        self._current: ChildProcess | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def pids(self) -> list[int]:
        """Of every run that has not ended; more than one while one is replaced."""
        return [child.pid for child in self._children]

    @property
    def current(self) -> ChildProcess:
        """The run that takes new connections."""
        assert self._current is not None
        return self._current

    async def start(self) -> None:
        """Start it and wait until it is ready; NotStarted when it ends before."""
        self._current = child = await self._spawn()
        if not await child.wait_ready():
            raise NotStarted(
                f"{self.process.name} 启动失败（{child.exit_code}），日志 / could not start, see {self._log}"
            )
        self._watching = asyncio.create_task(self._watch(), name=f"keeper of {self.process.name}")

    async def restart(self) -> None:
        """Replace it: the successor first, and when that is ready the predecessor leaves. Returns when it has left."""
        async with self._lock:
            old, new = self.current, await self._spawn()
            if not await new.wait_ready():
                raise NotStarted(
                    f"{self.process.name} 的新进程未能启动 / the successor could not start, see {self._log}"
                )
            self._current = new
            old.tell(signal.SIGTERM)
        await old.wait_gone()

    async def stop(self) -> None:
        """Let it finish and end; no successor."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        await asyncio.gather(*(child.end(_PATIENCE) for child in list(self._children)))

    async def _spawn(self) -> ChildProcess:
        arguments = [self.process.module, *self.process.arguments]
        child = await ChildProcess.spawn(arguments, self._environment, self.listener, self._log)
        self._children.add(child)
        gone = asyncio.create_task(child.wait_gone())
        gone.add_done_callback(lambda _: self._children.discard(child))
        return child

    async def _watch(self) -> None:
        pause = 0.0
        while True:
            child = self.current
            await child.wait_going()
            async with self._lock:
                if child is not self._current:
                    continue
                pause = (
                    0.0 if child.has_left or child.age > _STEADY_SECONDS else min(max(0.5, 2 * pause), _LONGEST_PAUSE)
                )
                self._tell(child, pause)
                await asyncio.sleep(pause)
                self._current = await self._spawn()
                if await self._current.wait_ready():
                    self._say(f"{self.process.name} 已恢复 / is back")

    def _tell(self, child: ChildProcess, pause: float) -> None:
        what = "正在退出 / is leaving" if child.has_left else f"意外退出（{child.exit_code}）/ ended unexpectedly"
        when = (
            f"{pause:.1f} 秒后重新启动 / starting again in {pause:.1f} s" if pause else "立即重新启动 / starting again"
        )
        self._say(f"{self.process.name} {what}；{when}")


async def stop_all(keepers: list[Keeper]) -> None:
    """Together."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*(keeper.stop() for keeper in keepers))
