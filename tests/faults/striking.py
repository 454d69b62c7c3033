"""Faults as they happen: to processes, to the two servers, and to the lines to them."""

import asyncio
import signal
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import httpx

from shared import clock
from suite.distributed.child_process import ChildProcess
from suite.distributed.launching import Launched
from suite.rabbitmq import RabbitNode
from tests.broker import eventually
from tests.faults.database import DatabaseServer
from tests.faults.proxy import Proxy
from tests.faults.schedule import BROKER, DATABASE, Fault, Kind

_LATE = 0.15
_TO_RUN_SECONDS = 60.0


@dataclass
class Ground:
    """A distributed suite whose every part can be struck. `struck` counts what really happened, `said` is what the
    launcher had to say about it."""

    suite: Launched
    node: RabbitNode
    database: DatabaseServer
    lines: dict[str, Proxy]
    said: list[str]
    struck: Counter[str] = field(default_factory=Counter)
    _busy: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def strike_all(self, faults: Sequence[Fault]) -> None:
        """One after the other without waiting for the end of any; returns when all are over."""
        async with asyncio.TaskGroup() as under_way:
            for fault in faults:
                await asyncio.sleep(fault.after)
                under_way.create_task(self.strike(fault))

    async def strike(self, fault: Fault) -> None:
        """One fault from beginning to end. Two on the same part come one after the other."""
        is_line = fault.kind in (Kind.CUT, Kind.REFUSE, Kind.DELAY)
        async with self._busy[f"{fault.part} line" if is_line else fault.part]:
            match fault.kind:
                case Kind.KILL:
                    await self._kill(fault.part)
                case Kind.PAUSE:
                    await self._pause(fault.part, fault.seconds)
                case Kind.FULL:
                    await self._fill(fault.seconds)
                case Kind.CUT | Kind.REFUSE | Kind.DELAY:
                    await self._disturb(self.lines[fault.part], fault)
        self.struck[f"{fault.kind} {fault.part.rpartition('-')[2]}"] += 1

    async def recover(self) -> None:
        """Whole again for the next test, also after one that failed half-way: the lines are open, both servers and
        every process run, and it is now."""
        for line in self.lines.values():
            line.delay, line.refuses = 0.0, False
        self.database.resume()
        for server in (self.database, self.node):
            if not server.is_running:
                await asyncio.to_thread(server.start)
        for name in self.suite.keepers:
            assert await (await self._running(name)).wait_ready(), f"{name} ended while it started"
        async with httpx.AsyncClient(base_url=self.suite.address, timeout=30) as client:
            await eventually(partial(_is_ready, client), seconds=_TO_RUN_SECONDS)
            (await client.post("/api/dev/clock", json={"to": clock.real().isoformat()})).raise_for_status()
        self.struck.clear()

    async def _kill(self, part: str) -> None:
        if part == DATABASE:
            await self.database.kill()
            await asyncio.to_thread(self.database.start)
            assert self.database.admin.port == self.lines[DATABASE].target
        elif part == BROKER:
            await asyncio.to_thread(self.node.kill)
            await asyncio.to_thread(self.node.start)
        else:
            child = await self._running(part)
            child.tell(signal.SIGKILL)
            await child.wait_gone()
            assert child.exit_code == -signal.SIGKILL

    async def _pause(self, part: str, seconds: float) -> None:
        if part == DATABASE:
            hold, release = self.database.pause, self.database.resume
        elif part == BROKER:
            hold, release = self.node.pause, self.node.resume
        else:
            child = await self._running(part)

            def hold() -> None:
                child.tell(signal.SIGSTOP)

            def release() -> None:
                child.tell(signal.SIGCONT)

        hold()
        try:
            await asyncio.sleep(seconds)
        finally:
            release()

    async def _running(self, name: str) -> ChildProcess:
        """The process, once there is one; its keeper may be waiting before it starts it again."""
        keeper = self.suite.keepers[name]
        await eventually(lambda: keeper.current.exit_code is None, seconds=_TO_RUN_SECONDS)
        return keeper.current

    async def _fill(self, seconds: float) -> None:
        await asyncio.to_thread(self.node.control, "set_disk_free_limit", "900000GB")
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(self.node.control, "set_disk_free_limit", "50MB")

    async def _disturb(self, line: Proxy, fault: Fault) -> None:
        if fault.kind is Kind.DELAY:
            line.delay = _LATE
        else:
            line.refuses = fault.kind is Kind.REFUSE
            line.cut()
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            line.delay, line.refuses = 0.0, False


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == 200
