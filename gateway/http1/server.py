"""Listening for callers; starting and stopping in order."""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gateway.alarms import Alarms
from gateway.http1.call import Call
from gateway.http1.caller import CallerConnection
from gateway.http1.headers import HeaderMemory

BACKLOG = 2_048


class Served(Protocol):
    """What a server calls: the gateway."""

    async def start(self) -> None:
        """Make ready for calls."""

    async def stop(self) -> None:
        """Let calls under way end, then close."""

    def leave(self) -> None:
        """Not ready for more, though what comes is still answered."""

    def answer(self, call: Call) -> Awaitable[None] | None:
        """Answer a call: what to await for it, or None when that goes on without a task."""


class Server:
    """Has `app` answer every request on a listening socket."""

    def __init__(self, app: Callable[[Call], Awaitable[None] | None]) -> None:
        self.app = app
        self.alarms = Alarms()
        self.connections: set[CallerConnection] = set()
        self.memory = HeaderMemory()
        self.stopping = False
        self._none_left = asyncio.Event()
        self._listening: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Take calls from now on."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: CallerConnection(self), sock=listener, backlog=BACKLOG)

    async def stop(self, idle_seconds: float, finish_seconds: float, *, is_inherited: bool = False) -> None:
        """Every answer from now on ends its connection. Idle ones get `idle_seconds` to be used once more or closed by
        their owners: closing one as its owner sends the next request would lose that request. Then what is under way
        may finish within `finish_seconds`. An inherited socket is left to others at once.
        """
        self.stopping = True
        for connection in self.connections:
            connection.leave()
        if is_inherited:
            self._listen_no_more()
        await self._none_is_left(idle_seconds)
        self._listen_no_more()
        for connection in list(self.connections):
            connection.close_when_idle()
        await self._none_is_left(finish_seconds)
        for connection in list(self.connections):
            connection.abort()

    def _listen_no_more(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    async def _none_is_left(self, within: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.connections:
                    self._none_left.clear()
                    await self._none_left.wait()

    def forget(self, connection: CallerConnection) -> None:
        """A connection is closed."""
        self.connections.discard(connection)
        if not self.connections:
            self._none_left.set()


@dataclass(frozen=True, slots=True)
class Stay:
    """How a server comes and goes; `say` is told "ready" and "leaving"."""

    idle_seconds: float = 0.0
    finish_seconds: float = 20.0
    is_inherited: bool = False
    say: Callable[[str], None] = lambda _: None


async def serve(gateway: Served, listener: socket.socket, stopped: asyncio.Event, stay: Stay) -> None:
    """Start the gateway, serve until `stopped`, stop in order."""
    await gateway.start()
    server = Server(gateway.answer)
    try:
        await server.start(listener)
        gc.freeze()  # what is there by now stays; looking through it again and again costs a tenth of the time
        stay.say("ready")
        await stopped.wait()
        gateway.leave()
        stay.say("leaving")
        await server.stop(stay.idle_seconds, stay.finish_seconds, is_inherited=stay.is_inherited)
    finally:
        await gateway.stop()


def run(gateway: Served, listener: socket.socket, stay: Stay) -> None:
    """`serve` in an event loop of its own (uvloop where there is one) until SIGTERM or SIGINT."""

    async def until_told() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await serve(gateway, listener, stopped, stay)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(until_told())


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Makes the event loop: uvloop's, where there is one for the system."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
