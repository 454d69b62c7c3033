"""Passing a call on: a place in the queue, a running clock, a second try where it is safe, a clean answer."""

import asyncio
import logging
from collections.abc import Mapping

from starlette.types import Message, Receive, Scope, Send

from gateway import metrics
from gateway.exchange import Exchange
from gateway.problems import PROBLEM_JSON, Problem, too_large, unavailable
from gateway.upstreams import ROUTE_HEADER, Broken, ClientGone, Policy, Unreachable, Upstream

logger = logging.getLogger("puyou.gateway")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Said by the door alone, or nobody's business outside.
_NOT_ANSWERED = frozenset({b"x-request-id", b"x-content-type-options", b"x-powered-by", b"server", ROUTE_HEADER})


class _Line:
    """One upstream with its policy and its places."""

    def __init__(self, name: str, upstream: Upstream, policy: Policy) -> None:
        self.name = name
        self.upstream = upstream
        self.policy = policy
        self.in_flight = metrics.IN_FLIGHT.labels(name)
        self._places = asyncio.Semaphore(policy.connections)

    async def enter(self) -> None:
        """Take one of the places, waited for not too long; `leave` gives it back."""
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self.policy.queue):
                await self._places.acquire()
        except TimeoutError:
            metrics.UPSTREAM_ERRORS.labels(self.name, "busy").inc()
            raise unavailable("upstream_busy", "服务繁忙，请稍后再试") from None

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()


class _Timer:
    """Time runs against the service: from the last it heard of the request until its answer begins. Time the
    caller takes to send the body is not counted, except that no call takes longer than `whole`.
    """

    def __init__(self, policy: Policy) -> None:
        self._now = asyncio.get_running_loop().time
        self._last = self._now() + policy.whole
        self._first_byte = policy.first_byte
        self._begun = False
        self.deadline = asyncio.timeout_at(min(self._now() + policy.first_byte, self._last))

    def caller_sends(self) -> None:
        self._set(self._last)

    def service_works(self) -> None:
        self._set(self._last if self._begun else min(self._now() + self._first_byte, self._last))

    def answer_begins(self) -> None:
        self._begun = True
        self._set(self._last)

    def _set(self, when: float) -> None:
        if not self.deadline.expired():
            self.deadline.reschedule(when)


class _Request:
    """The body on its way in, counted."""

    def __init__(self, receive: Receive, limit: int, timer: _Timer, *, has_body: bool) -> None:
        self._receive = receive
        self._limit = limit
        self._timer = timer
        self._more = has_body
        self.size = 0
        self.gone = False
        self.over = False

    async def receive(self) -> Message:
        if self.over:
            return {"type": "http.disconnect"}
        if not self._more:
            message = await self._receive()
        else:
            self._timer.caller_sends()
            message = await self._receive()
            self._more = message.get("more_body", False)
            self._timer.service_works()
        if message["type"] == "http.disconnect":
            self.gone = True
            return message
        self.size += len(message.get("body", b""))
        if self.size > self._limit:
            self.over = True
            return {"type": "http.disconnect"}  # to the service, a caller who broke off
        return message


class _Answer:
    """The answer on its way out: cleaned of what is internal; a bare failure is held back and worded here."""

    def __init__(self, send: Send, exchange: Exchange, request: _Request, timer: _Timer) -> None:
        self._send = send
        self._exchange = exchange
        self._request = request
        self._timer = timer
        self.started = False
        self.complete = False
        self.held_back = 0  # status of a failure not let through

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = self._clean(message.get("headers", ()))
            status = message["status"]
            if self._request.over:
                return
            if status >= 500 and not _is_problem(headers):
                self.held_back = status
                return
            self.started = True
            self._exchange.status = status
            self._timer.answer_begins()
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
        elif self.started and message["type"] == "http.response.body":
            await self._send(message)
            self.complete = not message.get("more_body", False)

    def _clean(self, headers: object) -> list[tuple[bytes, bytes]]:
        clean, cache_told = [], False
        for name, value in headers:  # type: ignore[attr-defined]
            if name in _NOT_ANSWERED:
                if name == ROUTE_HEADER:
                    self._exchange.route = value.decode("ascii", "replace")
                continue
            cache_told = cache_told or name == b"cache-control"
            clean.append((name, value))
        if not cache_told:
            clean.append((b"cache-control", b"no-store"))  # answers speak of people unless they say otherwise
        clean.append((b"x-content-type-options", b"nosniff"))
        clean.append((b"x-request-id", self._exchange.request_id.encode()))
        return clean


class Forwarder:
    """Carries calls to upstreams by name."""

    def __init__(self, upstreams: Mapping[str, Upstream], policy: Policy, body_limit: int) -> None:
        self._lines = {name: _Line(name, up, up.policy or policy) for name, up in upstreams.items()}
        self._body_limit = body_limit

    async def open(self) -> None:
        """Open every upstream."""
        for line in self._lines.values():
            await line.upstream.open(line.policy)

    async def close(self) -> None:
        """Close every upstream."""
        for line in self._lines.values():
            await line.upstream.close()

    async def forward(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one call to `exchange.upstream` and its answer back.

        Raises Problem as long as nothing was answered. Returns with the answer incomplete (`status` 0) when
        the caller left or the service broke off: the server then cuts the connection, so the caller notices.
        """
        line = self._lines[exchange.upstream]
        await line.enter()
        try:
            with line.in_flight.track_inprogress():
                await self._call(line, exchange, scope, receive, send)
        finally:
            line.leave()

    async def _call(self, line: _Line, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        timer = _Timer(line.policy)
        request = _Request(receive, self._body_limit, timer, has_body=exchange.has_body)
        answer = _Answer(send, exchange, request, timer)
        trouble: str | None = None
        try:
            async with timer.deadline:
                await _attempt(line, scope, request, answer)
        except TimeoutError:
            trouble = "timeout"
        except Unreachable:
            trouble = "unreachable"
        except (Broken, ClientGone):
            trouble = "broken"
        if answer.complete:
            return
        if request.over and not answer.started:
            raise too_large(self._body_limit)
        if request.gone:
            exchange.status = 0
            return
        _raise_or_cut(line.name, exchange, answer.held_back, trouble or "broken", cut=answer.started)


async def _attempt(line: _Line, scope: Scope, request: _Request, answer: _Answer) -> None:
    """Carry; again for a while when nobody was reached, once more when a safe call was dropped unanswered."""
    now = asyncio.get_running_loop().time
    give_up, pause, once_more = now() + line.policy.retry, 0.05, scope["method"] in _SAFE
    while True:
        try:
            await line.upstream.carry(scope, request.receive, answer.send)
        except (Unreachable, Broken) as error:
            if request.size or request.gone or answer.started or answer.held_back:
                raise
            if isinstance(error, Broken):
                if not once_more:
                    raise
                once_more = False
            elif now() + pause > give_up:
                raise
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, 0.5)


def _is_problem(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and value.startswith(PROBLEM_JSON) for name, value in headers)


def _raise_or_cut(name: str, exchange: Exchange, failure: int, trouble: str, *, cut: bool) -> None:
    """Word what went wrong behind the door; where the answer had begun, only leave it incomplete."""
    kind = "failed" if failure else trouble
    metrics.UPSTREAM_ERRORS.labels(name, kind).inc()
    logger.warning("%s: %s (trace %s)", name, kind, exchange.trace_id)
    if cut:
        exchange.status = 0
        return
    if failure:
        raise Problem(failure, "service_failed", "服务处理出错，请稍后再试")
    if kind == "timeout":
        raise Problem(504, "upstream_timeout", "服务应答超时，请稍后再试")
    if kind == "unreachable":
        raise unavailable("upstream_unreachable", "服务暂不可用，请稍后再试", retry_after=2)
    raise Problem(502, "upstream_broken", "服务应答异常，请稍后再试")
