"""A caller's connection: requests come out of it one after another, each waits for the one before to be answered."""

import asyncio
import logging
import os
import re
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from starlette.types import Scope

from gateway.alarms import NEVER
from gateway.http1.call import Call
from gateway.http1.connection import MOST_HEAD, Connection, is_too_large
from gateway.http1.headers import Headers
from gateway.problems import Problem, Reply

if TYPE_CHECKING:
    from gateway.http1.server import Server

logger = logging.getLogger("puyou.gateway")

IDLE_SECONDS = 65.0  # longer than the proxies in front of us keep theirs
HEAD_SECONDS = 15.0  # a head that takes longer is meant to
LINGER_SECONDS = 2.0  # for the caller to read an answer that came before the request was whole

_END = b"\r\n\r\n"
# A request line whose headers are known is read here; any that is not plainly one of these goes to the parser.
_REQUEST_LINE = re.compile(rb"(GET|HEAD|OPTIONS) (/[!-~]*) HTTP/1\.1")
_NOT_PLAIN = frozenset({b"connection", b"content-length", b"expect", b"transfer-encoding", b"upgrade"})

_ASGI = {"version": "3.0", "spec_version": "2.3"}


class CallerConnection(Connection):
    """Reads requests, runs the application for each, and keeps the connection for the next."""

    def __init__(self, server: "Server") -> None:
        super().__init__()
        self._server = server
        self._now = self._loop.time
        self._parser = HttpRequestParser(self)
        self._target = b""
        self._headers: Headers = []
        self._head_bytes = 0
        self._in_head = True
        self._beside_body = 0  # bytes since the last piece of a body: of trailers, and of what frames it
        self._is_plain = False  # the last head had nothing that changes how requests are read
        self._arriving: Call | None = None  # its body is being read
        self._current: Call | None = None  # it is being answered
        self._waiting: deque[Call] = deque()  # pipelined
        self._deaf = False  # nothing that comes is a request any more
        self._task: asyncio.Task[None] | None = None
        self._scope: dict[str, Any] = {}  # what is the same for every request

    # ── the connection ───────────────────────────────────────────────────────────────────────────
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        super().connection_made(transport)
        self._alarm = self._server.alarms.set(self._now() + HEAD_SECONDS, self._time_out)
        self._server.connections.add(self)
        peer, own = (transport.get_extra_info(name) for name in ("peername", "sockname"))
        self._scope = {
            "type": "http",
            "asgi": _ASGI,
            "scheme": "http",
            "root_path": "",
            "client": peer[:2] if peer else None,
            "server": own[:2] if own else None,
        }

    def connection_lost(self, error: Exception | None) -> None:
        """The caller left, or we closed."""
        super().connection_lost(error)
        self._server.alarms.clear(self._alarm)
        self._server.forget(self)
        for call in (self._current, self._arriving, *self._waiting):
            if call is not None:
                call.leave()
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        if self._deaf:
            return
        block = b""  # of headers, where the bytes are one whole head
        if self._in_head:
            if (
                not self._head_bytes
                and self._current is None
                and data.endswith(_END)
                and data.find(_END) == len(data) - 4
            ):
                line_ends = data.find(b"\r\n")
                block = data[line_ends:]
                headers = self._server.memory.find(block)
                match = _REQUEST_LINE.fullmatch(data, 0, line_ends) if headers is not None else None
                if headers is not None and match is not None:
                    self._begin(match[1].decode(), match[2], headers, "1.1", keep_alive=True)
                    self.on_message_complete()
                    return
            self._head_bytes += len(data)
            self._is_plain = False
        else:
            self._beside_body += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._hear_no_more()  # what follows is in no language of ours
        except HttpParserError:
            self._refuse(400, "malformed_request", "请求有误")
        else:
            if (self._in_head and self._head_bytes > MOST_HEAD) or self._beside_body > MOST_HEAD:
                self._refuse(431, "head_too_large", "请求头过大")
            elif block and self._is_plain:
                self._server.memory.learn(block, self._headers)

    # ── from the parser ──────────────────────────────────────────────────────────────────────────
    def on_message_begin(self) -> None:
        """A request begins."""
        self._target = b""
        self._headers = []
        if self._current is None:
            self._alarm.when = self._now() + HEAD_SECONDS

    def on_url(self, part: bytes) -> None:
        """A piece of the target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; a trailer is nobody's business."""
        if self._in_head:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The application may begin."""
        self._in_head = False
        arrived, self._head_bytes = self._head_bytes, 0
        parser = self._parser
        version = parser.get_http_version()
        names = {name for name, _ in self._headers}
        if version not in {"1.1", "1.0"} or (version == "1.1" and b"host" not in names):
            raise ValueError("no request of HTTP/1.1")
        if is_too_large(arrived, self._headers):
            raise ValueError("an endless head")
        self._is_plain = version == "1.1" and not names & _NOT_PLAIN
        self._begin(
            parser.get_method().decode("ascii"),
            self._target,
            self._headers,
            version,
            keep_alive=parser.should_keep_alive(),
            awaits_continue=(b"expect", b"100-continue") in self._headers and version == "1.1",
        )

    def _begin(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        version: str,
        *,
        keep_alive: bool,
        awaits_continue: bool = False,
    ) -> None:
        path, _, query = target.partition(b"?")
        text = path.decode("latin-1")
        scope: Scope = {
            **self._scope,
            "http_version": version,
            "method": method,
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "headers": headers,
        }
        call = Call(self, scope, keep_alive=keep_alive, awaits_continue=awaits_continue)
        self._arriving = call
        if self._current is None:
            self._run(call)
        else:
            self._waiting.append(call)
            self.hold()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._beside_body = 0
        if self._arriving is not None:
            self._arriving.feed(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_head = True
        self._beside_body = 0
        call, self._arriving = self._arriving, None
        if call is not None:
            call.end()
            if call.answered and call is self._current:  # its answer did not wait for it
                self._next()

    # ── one call after another ───────────────────────────────────────────────────────────────────
    def _run(self, call: Call) -> None:
        self._current = call
        self._alarm.when = NEVER
        if self._server.stopping:
            call.keep_alive = False
        answering = self._server.app(call)
        if answering is not None:
            self.run(call, answering)

    def run(self, call: Call, answering: Awaitable[None]) -> None:
        """Answer the current call in a task."""
        self._task = self._loop.create_task(self._answer(call, answering))

    async def _answer(self, call: Call, answering: Awaitable[None]) -> None:
        try:
            await answering
        except Exception:
            logger.exception("a call failed")
        finally:
            self.ended(call)

    def ended(self, call: Call) -> None:
        """The current call is done with; what comes next?"""
        if self.lost:
            return
        if not call.answered:
            self._cut(call)
        elif call.whole and call.keep_alive:
            self._next()
        elif call.whole:
            self.close()
        else:
            self._linger(keep_alive=call.keep_alive)

    def _cut(self, call: Call) -> None:
        """End so that the caller notices that the answer is not whole."""
        if call.ends_with_connection:
            self.cut()
        else:
            self.close()

    def _linger(self, *, keep_alive: bool) -> None:
        """Answered before the request was whole: read on, or the rest would reset the answer on its way."""
        self._alarm.when = self._now() + LINGER_SECONDS
        self.read_on()
        if not keep_alive:
            self._deaf = True
            self.close_writing()

    def _next(self) -> None:
        self._current = self._task = None
        if self._waiting:
            self._run(self._waiting.popleft())
        elif self._deaf:
            self.close()
        else:
            self._alarm.when = self._now() + IDLE_SECONDS
        if not self._waiting:
            self.read_on()

    # ── ending ───────────────────────────────────────────────────────────────────────────────────
    def leave(self) -> None:
        """The server stops soon: the answer under way is the last, unless it has said otherwise already."""
        if self._current is not None and not self._current.started:
            self._current.keep_alive = False

    def close_when_idle(self) -> None:
        """The server stops: close now, or after the answer under way."""
        if self._current is None:
            self.close()
        else:
            self._current.keep_alive = False

    def abort(self) -> None:
        """The server stops and waits no longer."""
        if self._task is not None:
            self._task.cancel()
        self.cut()

    def _time_out(self) -> None:
        if not self.lost:
            self.close()

    def _hear_no_more(self) -> None:
        self._deaf = True
        last = self._waiting[-1] if self._waiting else self._current
        if last is not None:
            last.keep_alive = False

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """What came is no request. Those before it are still answered."""
        self._hear_no_more()
        broken, self._arriving = self._arriving, None
        if broken is not None:
            broken.leave()
        if (self._current is None or self._current is broken) and not (broken is not None and broken.started):
            problem = Problem(status, code, detail)
            self.write(_written(problem.reply(trace_id=os.urandom(16).hex(), instance="")))
            self.close()


def _written(reply: Reply) -> bytes:
    head = (b"HTTP/1.1 %d \r\ncontent-type: %b\r\n" % (reply.status, reply.content_type)) + (
        b"content-length: %d\r\ncache-control: no-store\r\nconnection: close\r\n\r\n" % len(reply.body)
    )
    return head + reply.body
