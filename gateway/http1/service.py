"""A connection to a service: one call at a time, its answer in pieces as they come."""

import asyncio
from collections import deque
from collections.abc import Callable

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gateway.http1.connection import HIGH_WATER, MOST_HEAD, Connection, has_no_body, is_too_large
from gateway.http1.headers import Headers
from gateway.upstreams import Broken

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_CHUNKED = frozenset({(b"transfer-encoding", b"chunked")})


class ServiceConnection(Connection):
    """After `ask`, `more` until `begun`, then `take` and `more` until `whole`. What is no answer raises Broken."""

    def __init__(self) -> None:
        super().__init__()
        self.idle_since = 0.0
        self.listener: Callable[[], None] | None = None  # told of the next news, once, instead of who awaits `more`
        self.used = False  # has answered before
        self._parser = HttpResponseParser(self)
        self._method = ""
        self._asked = False
        self._ends_with_connection = False
        self._head_bytes = 0
        self.begun = False  # status and headers are there
        self._complete = False
        self._spoilt = False
        self._failed: Exception | None = None
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self.status = 0
        self.headers: Headers = []

    # ── one call ─────────────────────────────────────────────────────────────────────────────────
    def ask(self, method: str, head: bytes) -> None:
        """Send the head of a request; its body is the caller's to write."""
        self._method = method
        self._asked = True
        self.begun = self._complete = self._ends_with_connection = False
        self._head_bytes = 0
        self.write(head)

    async def more(self) -> None:
        """Wait until more of the answer has come: its head, some of its body, its end."""
        self._check()
        if self.lost:
            raise Broken
        self._waiter = self._loop.create_future()
        await self._waiter
        self._check()

    def take(self) -> bytes:
        """What has come of the body since the last time, perhaps nothing."""
        self._check()
        if not self._parts:
            return b""
        body = self._parts.popleft() if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if self.holding:
            self.read_on()
        return body

    @property
    def at_hand(self) -> bool:
        """The whole answer has come, nothing of it was taken yet."""
        return self._complete and self.begun and self._failed is None

    @property
    def whole(self) -> bool:
        """The answer has come and been taken."""
        return self._complete and not self._parts

    @property
    def reusable(self) -> bool:
        """Fit for another call: the answer is whole and nothing came after it."""
        return self._complete and not (self._parts or self._spoilt or self.lost or self._failed)

    def fail(self, error: Exception) -> None:
        """End the wait for the answer."""
        self._failed = error
        self._wake()

    def end(self) -> None:
        """Close at once."""
        self.cut()

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _wake(self) -> None:
        if self.listener is not None:
            heard, self.listener = self.listener, None
            heard()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ── the connection ───────────────────────────────────────────────────────────────────────────
    def connection_lost(self, error: Exception | None) -> None:
        """The service closed, or we did."""
        super().connection_lost(error)
        if self.begun and not self._complete and self._ends_with_connection and error is None:
            self._complete = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer; what comes unasked spoils the connection."""
        if not self._asked or self._complete:
            self._spoil()
            return
        if not self.begun:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self._complete:
                self.fail(Broken())
            self._spoil()
            return
        if not self.begun and self._head_bytes > MOST_HEAD:
            self.fail(Broken())
            self._spoil()
            return
        self._wake()

    def _spoil(self) -> None:
        self._spoilt = True
        self._wake()
        if not self._asked or self.whole:
            self.cut()

    # ── from the parser ──────────────────────────────────────────────────────────────────────────
    def on_message_begin(self) -> None:
        """An answer begins; a second one in the same bytes is nobody's."""
        if self._complete:
            self._spoilt = True
        else:
            self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; trailers are left."""
        if not self.begun and not self._complete:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Status and headers are there."""
        if self._complete:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:  # not the answer yet
            return
        if is_too_large(self._head_bytes, self.headers):
            raise ValueError("an endless head")
        framings = [header for header in self.headers if header[0] in _FRAMING]
        if len(framings) > 1 or (framings and framings[0] not in _CHUNKED and framings[0][0] != b"content-length"):
            raise ValueError("more than one way to tell where the body ends")
        self.status = status
        self.begun = True
        if has_no_body(self._method, status):
            # The parser does not know what was asked, and would wait for the body.
            self._complete = True
            self._spoilt = not self._parser.should_keep_alive()
            self._parser = HttpResponseParser(self)
        elif not framings:
            self._ends_with_connection = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._complete:
            self._spoilt = True
            return
        self._parts.append(body)
        self._size += len(body)
        if self._size > HIGH_WATER:
            self.hold()

    def on_message_complete(self) -> None:
        """The answer is whole, or was a 1xx."""
        if self.begun and not self._complete:
            self._complete = True
            if not self._parser.should_keep_alive():
                self._spoilt = True
