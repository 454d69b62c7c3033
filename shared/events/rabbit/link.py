"""A connection to the broker that is made again whenever it is lost."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from aio_pika.abc import AbstractConnection
from aio_pika.connection import Connection, make_url
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

log = logging.getLogger("puyou.rabbit")


class NotStored(Exception):
    """What came from the broker could not be stored: the inbox's database is away."""


logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # tells every try and the address; a Link says it once

LOST = (*CONNECTION_EXCEPTIONS, TimeoutError)
"""What a broken connection or channel raises."""

PREPARE_SECONDS = 5.0
"""For opening channels and declaring: a broker that is just starting may leave a question without an answer."""

_CONNECT_SECONDS = 5.0
_HEARTBEAT_SECONDS = 10
_TRY_AGAIN_SECONDS = (0.1, 0.2, 0.5, 1.0)
_STEADY_SECONDS = 5.0
_STOP_SECONDS = 8.0
_CLOSE_SECONDS = 2.0


class Link:
    """Runs `use(connection)` on a fresh connection, again and again. `use` returns or raises when it has lost the
    connection, and returns soon after `stopping` is set. aio-pika's own reconnecting connection is not used: it
    restores channels by itself in the background, while here a new connection means a new start in a known order."""

    def __init__(self, url: str, name: str, use: Callable[[AbstractConnection], Awaitable[None]]) -> None:
        self.stopping = asyncio.Event()
        self._url = url
        self._name = name
        self._use = use
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, in the running event loop."""
        self.stopping.clear()
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Let `use` finish what it has in hand, then close."""
        if self._task is None:
            return
        task, self._task = self._task, None
        self.stopping.set()
        done, _ = await asyncio.wait([task], timeout=_STOP_SECONDS)
        if not done:
            task.cancel()
            await asyncio.wait([task], timeout=_CLOSE_SECONDS)

    async def until(self, *events: asyncio.Event, within: float) -> None:
        """Wait for one of the events, or for the end, but no longer than `within` seconds."""
        waiting = [asyncio.ensure_future(one.wait()) for one in (*events, self.stopping)]
        try:
            await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        tries = 0
        while not self.stopping.is_set():
            began = now()
            try:
                await self._once()
            except (*LOST, NotStored) as error:
                if tries == 0:
                    log.warning("broker link lost", extra={"link": self._name, "error": repr(error)})
            except Exception:
                log.exception("broker link failed", extra={"link": self._name})
            tries = 0 if now() - began > _STEADY_SECONDS else tries + 1
            await self._pause(tries)

    async def _once(self) -> None:
        # Not `aio_pika.connect`: it leaves a connection that failed to be closed by the garbage collector.
        connection = Connection(
            make_url(self._url, heartbeat=_HEARTBEAT_SECONDS), client_properties={"connection_name": self._name}
        )
        try:
            await connection.connect(timeout=_CONNECT_SECONDS)
            await self._use(connection)
        finally:
            await _close(connection)

    async def _pause(self, tries: int) -> None:
        seconds = _TRY_AGAIN_SECONDS[min(tries, len(_TRY_AGAIN_SECONDS) - 1)]
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return


async def _close(connection: AbstractConnection) -> None:
    """A broker in distress may never answer: what does not close in time is left to end by its heartbeat."""
    closing = asyncio.create_task(_say_goodbye(connection))
    _closing.add(closing)
    closing.add_done_callback(_closing.discard)
    done, _ = await asyncio.wait([closing], timeout=_CLOSE_SECONDS)
    if not done:
        closing.cancel()


_closing: set[asyncio.Task[None]] = set()


async def _say_goodbye(connection: AbstractConnection) -> None:
    with contextlib.suppress(*LOST):
        await connection.close()
