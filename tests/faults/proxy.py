"""A line that can be cut: a TCP proxy between processes and a server, in the test's own event loop."""

import asyncio
from collections import deque
from typing import cast

_CONNECT_SECONDS = 5.0


class Proxy:
    """Listens on a port of its own and passes on to `port`, both on loopback.

    `delay` seconds pass before anything goes on, in both directions and in order. While it `refuses`, nobody gets in.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.delay = 0.0
        self.refuses = False
        self.lines: set[Line] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where to connect instead of at the target."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Line(self).near, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Stop listening, drop everybody."""
        if self._server:
            self._server.close()
            self.cut()
            await self._server.wait_closed()

    def cut(self) -> int:
        """Reset every connection; how many there were."""
        lines = list(self.lines)
        for line in lines:
            line.drop()
        return len(lines)


class Line:
    """One connection through the proxy: the caller's end is near, the server's is far."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.near = _End(self)
        self.far = _End(self)
        self._connecting: asyncio.Task[None] | None = None

    def open(self) -> None:
        """The caller is there."""
        if self.proxy.refuses:
            self.drop()
            return
        self.proxy.lines.add(self)
        self.near.hold()
        self._connecting = asyncio.create_task(self._connect())

    def drop(self) -> None:
        """Both ends are reset."""
        self.proxy.lines.discard(self)
        if self._connecting:
            self._connecting.cancel()
        for end in (self.near, self.far):
            end.reset()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.create_connection(lambda: self.far, "127.0.0.1", self.proxy.target)
        except (OSError, TimeoutError):
            self.drop()
        else:
            self.near.go_on()


class _End(asyncio.Protocol):
    def __init__(self, line: Line) -> None:
        self._line = line
        self._transport: asyncio.Transport | None = None
        self._late: deque[tuple[float, bytes]] = deque()  # on its way out through this end
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def _other(self) -> "_End":
        return self._line.far if self is self._line.near else self._line.near

    def hold(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def reset(self) -> None:
        if self._leaving:
            self._leaving.cancel()
        if self._transport:
            self._transport.abort()

    def send(self, data: bytes) -> None:
        """Pass on, at once or late; what is late is never overtaken. No data means that nothing follows."""
        delay = self._line.proxy.delay
        if not delay and not self._late:
            self._write(data)
            return
        loop = asyncio.get_running_loop()
        self._late.append((loop.time() + delay, data))
        if self._leaving is None:
            self._leaving = loop.call_at(self._late[0][0], self._leave)

    def _leave(self) -> None:
        loop = asyncio.get_running_loop()
        while self._late and self._late[0][0] <= loop.time():
            self._write(self._late.popleft()[1])
        self._leaving = loop.call_at(self._late[0][0], self._leave) if self._late else None

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        else:
            self._transport.close()  # after what was written

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self is self._line.near:
            self._line.open()

    def data_received(self, data: bytes) -> None:
        self._other.send(data)

    def pause_writing(self) -> None:
        self._other.hold()

    def resume_writing(self) -> None:
        self._other.go_on()

    def connection_lost(self, _reason: Exception | None) -> None:
        self._line.proxy.lines.discard(self._line)
        self._other.send(b"")
