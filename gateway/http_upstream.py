"""A service at an address, over HTTP/1.1: streamed both ways, bytes passed as they are."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from starlette.types import Message, Receive, Scope, Send

from gateway.alarms import Alarm, Alarms
from gateway.http1.connection import LAST_CHUNK, chunk
from gateway.http1.headers import Headers
from gateway.http1.pool import Pool
from gateway.http1.service import ServiceConnection
from gateway.upstreams import Broken, ClientGone, Policy, Unreachable

# A caller who leaves sooner than this is answered into the void: watching every call would cost more.
WATCH_AFTER_SECONDS = 0.05

_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})
_NOT_PASSED = frozenset(
    b"connection keep-alive proxy-authenticate trailer upgrade transfer-encoding date server".split()
)


@dataclass
class HttpUpstream:
    """A service at `base`, for example `http://127.0.0.1:9001`."""

    base: str
    policy: Policy | None = None
    _authority: bytes = field(default=b"", init=False, repr=False)
    _pool: Pool | None = field(default=None, repr=False)
    _alarms: Alarms = field(default_factory=Alarms, repr=False)

    async def open(self, policy: Policy) -> None:
        """Make the connection pool."""
        self._pool = Pool(self.base, policy.connect)
        self._authority = urlsplit(self.base).netloc.encode()

    async def close(self) -> None:
        """Close the pool."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    async def carry(self, scope: Scope, receive: Receive, send: Send, asked: ServiceConnection | None = None) -> None:
        """Send the call on, answer as it comes; give up when the caller leaves. `asked` has got the call already."""
        if self._pool is None:
            raise Unreachable
        try:
            connection = asked or await self._pool.take()
        except OSError as error:
            raise Unreachable from error
        try:
            whole = await self._exchange(connection, scope, receive, send, was_asked=asked is not None)
        except Broken:
            connection.end()
            if connection.used:
                self._pool.close()  # what closed this one will have closed the others
            raise
        except BaseException:
            connection.end()
            raise
        if whole:
            self._pool.keep(connection)
        else:
            connection.end()

    def ask(self, method: str, head: bytes) -> ServiceConnection | None:
        """Send a call without a body at once, if a connection is at hand. `carry` or `settle` ends it."""
        connection = self._pool.take_kept() if self._pool is not None else None
        if connection is not None:
            connection.ask(method, head)
        return connection

    def settle(self, connection: ServiceConnection) -> tuple[int, Headers, bytes]:
        """(status, headers, body) of an answer that is at hand."""
        assert self._pool is not None
        answer = connection.status, _passed(connection), connection.take()
        self._pool.keep(connection)
        return answer

    async def _exchange(
        self, connection: ServiceConnection, scope: Scope, receive: Receive, send: Send, *, was_asked: bool
    ) -> bool:
        """One request and its answer; False when the answer came before the request was whole."""
        departure = _Departure(receive, connection, self._alarms)
        rest: asyncio.Task[None] | None = None
        try:
            if was_asked:
                departure.watch()
            else:
                head, has_body, chunked = self._head(scope)
                connection.ask(scope["method"], head)
                if has_body:
                    upload = _Upload(receive, connection, departure, chunked=chunked)
                    if await upload.step():
                        rest = asyncio.create_task(upload.rest())
                else:
                    departure.watch()
            await _pass_on(connection, send)
            return departure.watched
        finally:
            departure.forget()
            if rest is not None:
                rest.cancel()

    def _head(self, scope: Scope) -> tuple[bytes, bool, bool]:
        """(head as it is sent, whether a body follows, whether in chunks because no length was told)."""
        target = scope.get("raw_path") or quote(scope["path"]).encode()
        if query := scope["query_string"]:
            target += b"?" + query
        lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target)]
        has_body = chunked = has_host = False
        for header in scope["headers"]:
            name = header[0]
            if name in _FRAMING:
                if name == b"host":
                    has_host = True
                else:
                    chunked = name == b"transfer-encoding"
                    has_body = chunked or header[1] != b"0"
            lines.append(b": ".join(header))
        if not has_host:
            lines.append(b"host: " + self._authority)
        lines.append(b"\r\n")
        return b"\r\n".join(lines), has_body, chunked


def _passed(connection: ServiceConnection) -> Headers:
    return [header for header in connection.headers if header[0] not in _NOT_PASSED]


async def _pass_on(connection: ServiceConnection, send: Send) -> None:
    while not connection.begun:
        await connection.more()
    await send({"type": "http.response.start", "status": connection.status, "headers": _passed(connection)})
    while True:
        body = connection.take()
        whole = connection.whole
        if body or whole:
            await send({"type": "http.response.body", "body": body, "more_body": not whole})
        if whole:
            return
        if not body:
            await connection.more()


class _Upload:
    """The request's body on its way to the service."""

    def __init__(
        self, receive: Receive, connection: ServiceConnection, departure: "_Departure", *, chunked: bool
    ) -> None:
        self._receive = receive
        self._connection = connection
        self._departure = departure
        self._chunked = chunked

    async def step(self) -> bool:
        """Pass on what comes next; whether more will come."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if self._chunked:
            body = (chunk(body) if body else b"") + (b"" if more else LAST_CHUNK)
        if body:
            self._connection.write(body)
            await self._connection.drain()
        if not more:
            self._departure.watch()
        return more

    async def rest(self) -> None:
        """All that is left, beside the answer, which may come before."""
        try:
            while await self.step():
                pass
        except ClientGone as error:
            self._connection.fail(error)


class _Departure:
    """Ends the call when the caller leaves. Looks only after the request has been read whole."""

    __slots__ = ("_alarm", "_alarms", "_connection", "_receive", "_task")

    def __init__(self, receive: Receive, connection: ServiceConnection, alarms: Alarms) -> None:
        self._receive = receive
        self._connection = connection
        self._alarms = alarms
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def watched(self) -> bool:
        """The request was read whole."""
        return self._alarm is not None

    def watch(self) -> None:
        """The request is whole: from now on, the next thing heard from the caller is that they left."""
        self._alarm = self._alarms.set(asyncio.get_running_loop().time() + WATCH_AFTER_SECONDS, self._start)

    def forget(self) -> None:
        """The call has ended."""
        if self._alarm is not None:
            self._alarms.clear(self._alarm)
        if self._task is not None:
            self._task.cancel()

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        message: Message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        if not self._connection.whole:  # the end of the answer too is heard as a departure, while its last bytes drain
            self._connection.fail(ClientGone())
