"""The bell wakes loops in another process: a process that only answers requests rings, a worker listens.

Ringing is a NOTIFY of the transaction that leaves work, so nobody is woken before there is something to see. A ring
nobody heard is no loss: each `poll_seconds` somebody looks whether something waits (`shared.standing`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

import asyncpg
from sqlalchemy import URL, text

from shared.db.unit import UnitOfWork

log = logging.getLogger("puyou.bell")

_CHANNEL = "puyou_wake"
_RING = text("select pg_notify('puyou_wake', :loops)")
_TRY_AGAIN_SECONDS = 0.5
_CHECK_SECONDS = 15.0


async def ring(unit: UnitOfWork) -> None:
    """Name the loops this unit leaves work for; a finisher of units in processes that run no loops."""
    if unit.wakes:
        await unit.connection.execute(_RING, {"loops": ",".join(sorted(unit.wakes))})


class Bell:
    """Listens on a connection of its own, which is made again whenever it is lost."""

    def __init__(self, url: URL, wake: Callable[[Iterable[str] | None], None]) -> None:
        self._url = url
        self._wake = wake
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        self._task = asyncio.create_task(self._listen(), name="bell")

    async def stop(self) -> None:
        """Listen no more."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _listen(self) -> None:
        while True:
            try:
                await self._until_lost()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("bell is deaf", extra={"error": type(error).__name__})
            await asyncio.sleep(_TRY_AGAIN_SECONDS)

    async def _until_lost(self) -> None:
        connection = await asyncpg.connect(
            host=self._url.host,
            port=self._url.port,
            user=self._url.username,
            password=self._url.password,
            database=self._url.database,
            timeout=10,
            server_settings={"application_name": "bell"},
        )
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(_CHANNEL, self._rung)
            self._wake(None)  # whatever was rung while nobody listened
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), _CHECK_SECONDS)
                await connection.execute("select 1", timeout=5)  # raises when it is lost and nobody has said so
        finally:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    def _rung(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._wake(str(payload).split(","))
