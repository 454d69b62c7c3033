"""One request and its answer, as the ASGI application sees them."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.handlers import format_date_time

from starlette.types import Message, Scope

from gateway.http1.connection import HIGH_WATER, LAST_CHUNK, chunk, has_no_body
from shared import clock

if TYPE_CHECKING:
    from gateway.http1.caller import CallerConnection

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
_OURS = frozenset({b"connection", b"transfer-encoding"})
_CLOSE = (b"connection", b"close")
_UNTIL_CLOSE = -1  # an answer to HTTP/1.0 without a length


class Call:
    """`receive` and `send` of one request. The connection feeds it with the request's body."""

    __slots__ = (
        "_awaits_continue",
        "_body",
        "_chunked",
        "_connection",
        "_head",
        "_left",
        "_method",
        "_size",
        "_told",
        "_waiter",
        "answered",
        "gone",
        "keep_alive",
        "scope",
        "started",
        "whole",
    )

    def __init__(
        self, connection: "CallerConnection", scope: Scope, *, keep_alive: bool, awaits_continue: bool
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.whole = False  # the request has arrived
        self.gone = False  # the caller left
        self.started = False
        self.answered = False
        self._connection = connection
        self._awaits_continue = awaits_continue
        self._method: str = scope["method"]
        self._body: deque[bytes] = deque()
        self._size = 0
        self._told = False  # the application has got the whole request
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""  # of the answer, not written yet
        self._chunked = False
        self._left = 0  # bytes of the answer's body still owed

    @property
    def ends_with_connection(self) -> bool:
        """Only the end of the connection tells the caller where the answer ends."""
        return self._left == _UNTIL_CLOSE

    # ── from the connection ──────────────────────────────────────────────────────────────────────
    def feed(self, body: bytes) -> None:
        """A piece of the request's body."""
        if self.answered:
            return
        self._body.append(body)
        self._size += len(body)
        if self._size > HIGH_WATER:
            self._connection.hold()
        self._wake()

    def end(self) -> None:
        """The request is whole."""
        self.whole = True
        self._wake()

    def leave(self) -> None:
        """The caller has left."""
        self.gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ── for an application that answers without a task ──────────────────────────────────────────────
    def run(self, answering: Awaitable[None]) -> None:
        """It takes a task after all."""
        self._connection.run(self, answering)

    def done(self) -> None:
        """The answer is given."""
        self._connection.ended(self)

    # ── from the application ─────────────────────────────────────────────────────────────────────
    async def receive(self) -> Message:
        """ASGI: what has come of the body, or that the caller left."""
        while not (self.gone or self.answered):
            if self._body or (self.whole and not self._told):
                body = self._body.popleft() if len(self._body) == 1 else b"".join(self._body)
                self._body.clear()
                self._size = 0
                self._told = self.whole
                if self._connection.holding:
                    self._connection.read_on()
                return {"type": "http.request", "body": body, "more_body": not self.whole}
            if self._awaits_continue and not self.whole and not self.started:
                self._awaits_continue = False
                self._connection.write(_CONTINUE)
            if self._waiter is None or self._waiter.done():
                self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI: the head of the answer, then its body. Dropped when the caller has left."""
        if message["type"] == "http.response.start":
            self.begin(message["status"], message.get("headers", ()))
            asyncio.get_running_loop().call_soon(self._write_head)  # unless a body comes along at once
            return
        self.go_on(message.get("body", b""), more=message.get("more_body", False))
        if self._connection.choked:
            await self._connection.drain()

    # ── the answer ───────────────────────────────────────────────────────────────────────────────
    def go_on(self, body: bytes, *, more: bool) -> None:
        """Some of the body; without `more` the end of the answer."""
        if self.gone:
            return
        if self._chunked:
            body = (chunk(body) if body else b"") + (b"" if more else LAST_CHUNK)
        elif self._left > 0:
            body = body[: self._left]
            self._left -= len(body)
        elif self._left == 0:
            body = b""
        if self._head:
            body, self._head = self._head + body, b""
        if body:
            self._connection.write(body)
        if not more:
            self.answered = True
            if self._left > 0:  # less than promised: the end of the connection tells
                self.keep_alive = False
            self._wake()

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """The head; it is written with the first of the body."""
        if self.gone:
            return
        length, lines = None, [_first_lines(status, int(clock.real().timestamp()))]
        for header in headers:
            name = header[0]
            if name == b"content-length":
                length = int(header[1])
            elif name in _OURS:
                if header == _CLOSE:
                    self.keep_alive = False
                continue
            lines.append(b": ".join(header))
        if has_no_body(self._method, status):
            self._left = 0
        elif length is not None:
            self._left = length
        elif self.scope["http_version"] == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        else:
            self.keep_alive = False
            self._left = _UNTIL_CLOSE
        if not self.keep_alive:
            lines.append(b"connection: close")
        elif self.scope["http_version"] == "1.0":
            lines.append(b"connection: keep-alive")
        lines.append(b"\r\n")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) + 1 or head.count(b"\r") != len(lines) + 1:  # the first line is two
            raise ValueError("a header of the answer holds a line break")
        self.started = True
        self._head = head

    def _write_head(self) -> None:
        if self._head and not self.gone:
            self._connection.write(self._head)
            self._head = b""


@lru_cache(maxsize=64)
def _first_lines(status: int, now: int) -> bytes:
    """Status line and date; they change once a second."""
    phrase = _PHRASES.get(status, b"")
    return b"HTTP/1.1 %d %b\r\ndate: %b" % (status, phrase, format_date_time(now).encode())
