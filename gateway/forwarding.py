"""Passing a call on: a place in the queue, a running clock, a second try where it is safe, a clean answer."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from starlette.types import Message, Receive, Scope, Send

from gateway import metrics
from gateway.alarms import Alarms
from gateway.exchange import Exchange
from gateway.http1.call import Call
from gateway.http1.headers import Headers
from gateway.http1.service import ServiceConnection
from gateway.http_upstream import WATCH_AFTER_SECONDS, HttpUpstream
from gateway.problems import PROBLEM_JSON, Problem, too_large, unavailable
from gateway.upstreams import ROUTE_HEADER, Broken, ClientGone, Policy, Unreachable, Upstream

logger = logging.getLogger("puyou.gateway")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Said by the door alone, or nobody's business outside.
_NOT_ANSWERED = frozenset({b"x-request-id", b"x-content-type-options", b"x-powered-by", b"server", ROUTE_HEADER})


_NOT_STORED = (b"cache-control", b"no-store")
_NOT_SNIFFED = (b"x-content-type-options", b"nosniff")


class _Line:
    """One upstream with its policy and its places."""

    def __init__(self, name: str, upstream: Upstream, policy: Policy) -> None:
        self.name = name
        self.upstream = upstream
        self.policy = policy
        self._in_flight = metrics.IN_FLIGHT.labels(name)
        self._free = policy.connections
        self._queue: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Take one of the places, waited for in order and not too long; `leave` gives it back."""
        if not self.enter_at_once():
            await self._wait()
            self._in_flight.inc()

    def enter_at_once(self) -> bool:
        """Take a place if one is free."""
        if not self._free:
            return False
        self._free -= 1
        self._in_flight.inc()
        return True

    async def _wait(self) -> None:
        place = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            async with asyncio.timeout(self.policy.queue):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self._hand_on()
            if isinstance(error, TimeoutError):
                metrics.UPSTREAM_ERRORS.labels(self.name, "busy").inc()
                raise unavailable("upstream_busy", "服务繁忙，请稍后再试") from None
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._in_flight.dec()
        self._hand_on()

    def _hand_on(self) -> None:
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class _Clock:
    """Time runs against the service: from the last it heard of the request until its answer begins. Time the
    caller takes to send the body is not counted, except that no call takes longer than `whole`.

    Leaving the block raises TimeoutError when time was over.
    """

    __slots__ = (
        "_alarm", "_alarms", "_begun", "_call", "_cancelled_before", "_first_byte", "_last", "_now", "_over", "started",
    )  # fmt: skip

    def __init__(self, policy: Policy, alarms: Alarms) -> None:
        self._now = asyncio.get_running_loop().time
        self._alarms = alarms
        self.started = self._now()
        self._last = self.started + policy.whole
        self._first_byte = policy.first_byte
        self._begun = False
        self._over = False

    def caller_sends(self) -> None:
        self._alarm.when = self._last

    def service_works(self) -> None:
        self._alarm.when = self._last if self._begun else min(self._now() + self._first_byte, self._last)

    def answer_begins(self) -> None:
        self._begun = True
        self._alarm.when = self._last

    def _ring(self) -> None:
        self._over = True
        self._call.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._call = task
        self._cancelled_before = task.cancelling()
        self._alarm = self._alarms.set(min(self.started + self._first_byte, self._last), self._ring)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._alarms.clear(self._alarm)
        if self._over and self._call.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError


class _Request:
    """The body on its way in, counted."""

    __slots__ = ("_clock", "_limit", "_more", "_receive", "gone", "over", "size")

    def __init__(self, receive: Receive, limit: int, clock: _Clock, *, has_body: bool) -> None:
        self._receive = receive
        self._limit = limit
        self._clock = clock
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
            self._clock.caller_sends()
            message = await self._receive()
            self._more = message.get("more_body", False)
            self._clock.service_works()
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

    __slots__ = ("_clock", "_exchange", "_request", "_send", "complete", "held_back", "started")

    def __init__(self, send: Send, exchange: Exchange, request: _Request, clock: _Clock) -> None:
        self._send = send
        self._exchange = exchange
        self._request = request
        self._clock = clock
        self.started = False
        self.complete = False
        self.held_back = 0  # status of a failure not let through

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = _clean(message.get("headers", ()), self._exchange)
            if self._request.over:
                return
            if status >= 500 and not _is_problem(headers):
                self.held_back = status
                return
            self.started = True
            self._exchange.status = status
            self._clock.answer_begins()
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
        elif self.started and message["type"] == "http.response.body":
            await self._send(message)
            self.complete = not message.get("more_body", False)


def _clean(headers: Iterable[tuple[bytes, bytes]], exchange: Exchange) -> Headers:
    """Headers for the caller; what is internal is left out, the route it names noted."""
    clean, cache_told = [], False
    for header in headers:
        name = header[0]
        if name in _NOT_ANSWERED:
            if name == ROUTE_HEADER:
                exchange.route = header[1].decode("ascii", "replace")
            continue
        if name == b"cache-control":
            cache_told = True
        clean.append(header)
    if not cache_told:
        clean.append(_NOT_STORED)  # answers speak of people unless they say otherwise
    clean.append(_NOT_SNIFFED)
    clean.append((b"x-request-id", exchange.request_id.encode()))
    return clean


class Forwarder:
    """Carries calls to upstreams by name."""

    def __init__(self, upstreams: Mapping[str, Upstream], policy: Policy, body_limit: int) -> None:
        self._lines = {name: _Line(name, up, up.policy or policy) for name, up in upstreams.items()}
        self._body_limit = body_limit
        self._alarms = Alarms()

    async def open(self) -> None:
        """Open every upstream."""
        for line in self._lines.values():
            await line.upstream.open(line.policy)

    async def close(self) -> None:
        """Close every upstream."""
        for line in self._lines.values():
            await line.upstream.close()

    async def forward(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send, begun: "Express | None" = None
    ) -> None:
        """Carry one call to `exchange.upstream` and its answer back; `begun` was carried some of the way.

        Raises Problem as long as nothing was answered. Returns with the answer incomplete (`status` 0) when
        the caller left or the service broke off: the server then cuts the connection, so the caller notices.
        """
        line = self._lines[exchange.upstream]
        if begun is None:
            await line.enter()
        try:
            await self._call(line, exchange, scope, receive, send, begun)
        finally:
            line.leave()

    async def _call(
        self, line: _Line, exchange: Exchange, scope: Scope, receive: Receive, send: Send, begun: "Express | None"
    ) -> None:
        clock = _Clock(line.policy, self._alarms)
        request = _Request(receive, self._body_limit, clock, has_body=exchange.brought.has_body)
        answer = _Answer(send, exchange, request, clock)
        trouble: str | None = None
        try:
            with clock:
                try:
                    if begun is None:
                        await line.upstream.carry(scope, request.receive, answer.send)
                    else:
                        await begun.carry_on(scope, request.receive, answer.send)
                except (Unreachable, Broken) as error:
                    await _again(line, scope, request, answer, clock.started, error)
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

    def at_once(self, exchange: Exchange, call: Call, ended: Callable[["Express"], None]) -> bool:
        """Begin to carry a call without a task, where nothing needs to be waited for; `ended` hears what came of it."""
        line = self._lines[exchange.upstream]
        upstream = line.upstream
        if exchange.brought.has_body or exchange.method not in _SAFE or not isinstance(upstream, HttpUpstream):
            return False
        if not line.enter_at_once():
            return False
        asked = upstream.ask(exchange.method, exchange.request_head())
        if asked is None:
            line.leave()
            return False
        Express(line, upstream, asked, exchange, call, ended).wait(self._alarms)
        return True


class Express:
    """A call that is carried without a task. Most answers come whole, in one piece and soon, and are passed on as they
    come. Whatever else happens is not looked at here: a task takes over and finds everything as if it had begun.
    """

    __slots__ = ("_alarm", "_alarms", "_asked", "_ended", "_line", "_upstream", "answered", "call", "exchange")

    def __init__(
        self,
        line: _Line,
        upstream: HttpUpstream,
        asked: ServiceConnection,
        exchange: Exchange,
        call: Call,
        ended: Callable[["Express"], None],
    ) -> None:
        self.exchange = exchange
        self.call = call
        self.answered = False
        self._line = line
        self._upstream = upstream
        self._asked = asked
        self._ended = ended

    def wait(self, alarms: Alarms) -> None:
        """For the answer, but not for long."""
        self._alarms = alarms
        self._alarm = alarms.set(asyncio.get_running_loop().time() + WATCH_AFTER_SECONDS, self._heard)
        self._asked.listener = self._heard

    async def carry_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is left to do, for the task that takes over."""
        await self._upstream.carry(scope, receive, send, self._asked)

    def _heard(self) -> None:
        asked, exchange, call = self._asked, self.exchange, self.call
        self._alarms.clear(self._alarm)
        asked.listener = None
        if asked.at_hand and asked.status < 500 and not call.gone:
            status, headers, body = self._upstream.settle(asked)
            self._line.leave()
            exchange.status = status
            call.begin(status, _clean(headers, exchange))
            call.go_on(body, more=False)
            self.answered = True
        self._ended(self)


async def _again(
    line: _Line, scope: Scope, request: _Request, answer: _Answer, started: float, error: Unreachable | Broken
) -> None:
    """Carry again: for a while when nobody was reached, once more when a safe call was dropped unanswered."""
    now = asyncio.get_running_loop().time
    give_up, pause, once_more = started + line.policy.retry, 0.05, scope["method"] in _SAFE
    while not (request.size or request.gone or answer.started or answer.held_back):
        if isinstance(error, Broken):
            if not once_more:
                break
            once_more = False
        elif now() + pause > give_up:
            break
        await asyncio.sleep(pause)
        pause = min(2 * pause, 0.5)
        try:
            await line.upstream.carry(scope, request.receive, answer.send)
        except (Unreachable, Broken) as newer:
            error = newer
        else:
            return
    raise error


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
