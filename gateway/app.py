"""The door itself, a plain ASGI application: one call from the knock to the log line.

The order is fixed: request id → hygiene and method override → body size → token → rates → forwarding.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from time import perf_counter

from starlette.types import Receive, Scope, Send

from gateway import metrics, viewer
from gateway.access_log import AccessLog
from gateway.documents import Documents
from gateway.exchange import Exchange, begin, inspect
from gateway.forwarding import Express, Forwarder
from gateway.health import Health
from gateway.http1.call import Call
from gateway.http_upstream import HttpUpstream
from gateway.limits import RateLimits
from gateway.paths import Paths
from gateway.problems import Problem, Reply, not_allowed, not_found, send_reply, too_large, unavailable
from gateway.proxies import Proxies
from gateway.settings import GatewaySettings
from gateway.tokens import Doorkeeper, TokenVerifier
from gateway.upstreams import Upstream
from shared import clock

logger = logging.getLogger("puyou.gateway")

Hook = Callable[[], Awaitable[None]]
Page = Callable[[], Awaitable[Reply]]
_PROBES = frozenset({"/health/live", "/health/ready", "/metrics"})


class Gateway:
    """The ASGI application. `start` and `stop` are what its lifespan calls."""

    def __init__(
        self,
        settings: GatewaySettings,
        upstreams: Mapping[str, Upstream],
        verifier: TokenVerifier,
        *,
        on_start: Hook | None,
        on_stop: Hook | None,
        now: Callable[[], datetime],
        version: str,
    ) -> None:
        self.settings = settings
        self._upstreams = dict(upstreams)
        self._doorkeeper = Doorkeeper(verifier, now)
        self._public = Paths(settings.public_paths)
        self._sign_in = Paths(settings.sign_in_paths)
        self._limits = RateLimits(settings)
        self._proxies = Proxies(settings.trusted_proxies)
        self._forwarder = Forwarder(self._upstreams, settings.policy, settings.body_limit_bytes)
        self._health = Health(self._upstreams, settings.ready_seconds)
        documents = Documents(
            self._upstreams,
            public_paths=settings.public_paths,
            seconds=settings.documents_seconds,
            version=version,
        )
        self._pages: dict[str, Page] = {
            "/health/live": self._health.live,
            "/health/ready": self._health.ready,
            "/metrics": metrics.page,
            "/openapi.json": documents.openapi,
            "/docs/openapi.json": documents.for_viewer,
            **viewer.pages(),
        }
        self._on_start = on_start
        self._on_stop = on_stop
        self._access_log = AccessLog()
        self._under_way = 0
        self._idle = asyncio.Event()

    # ── lifespan ─────────────────────────────────────────────────────────────────────────────────
    async def start(self) -> None:
        """Open the upstreams, then let the composition root start what it runs behind them."""
        await self._forwarder.open()
        if self._on_start is not None:
            try:
                await self._on_start()
            except BaseException:
                await self._forwarder.close()
                raise

    def leave(self) -> None:
        """Say that this process is not ready for more; it stops soon."""
        self._health.leaving = True

    async def stop(self) -> None:
        """Take no more calls, let those under way end within `drain_seconds`, then close."""
        self._health.draining = True
        if self._under_way:
            self._idle.clear()
            try:
                async with asyncio.timeout(self.settings.drain_seconds):
                    await self._idle.wait()
            except TimeoutError:
                logger.warning("closing with %d calls under way", self._under_way)
        try:
            if self._on_stop is not None:
                await self._on_stop()
        finally:
            await self._forwarder.close()
            self._access_log.flush()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI, for other servers than ours and for tests."""
        if scope["type"] == "http":
            return self._exchange(self._knock(scope), receive, send)
        if scope["type"] == "lifespan":
            return self._lifespan(receive, send)
        return _turn_away(receive, send)

    def answer(self, call: Call) -> Awaitable[None] | None:
        """For our own server: the same, and None when the answer needs no task."""
        knock = self._knock(call.scope)
        if knock.passes and self._forwarder.at_once(knock.exchange, call, self._express_ended):
            return None
        return self._exchange(knock, call.receive, call.send)

    def _express_ended(self, express: Express) -> None:
        call = express.call
        if express.answered:
            self._note(express.exchange)
            call.done()
        else:
            call.run(self._exchange(_Knock(express.exchange, call.scope), call.receive, call.send, express))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except Exception:
            logger.exception("the gateway could not start")
            await send({"type": "lifespan.startup.failed"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await self.stop()
        except Exception:
            logger.exception("the gateway could not stop in order")
            await send({"type": "lifespan.shutdown.failed"})
            return
        await send({"type": "lifespan.shutdown.complete"})

    # ── one call ─────────────────────────────────────────────────────────────────────────────────
    def _knock(self, scope: Scope) -> "_Knock":
        """Everything up to the forwarding; nothing of it waits. Never raises."""
        self._under_way += 1
        exchange = begin(scope, self._proxies)
        knock = _Knock(exchange, scope)
        try:
            inspect(exchange)
            knock.page = self._pages.get(exchange.path)
            if knock.page is None:
                self._admit(exchange)
        except Problem as problem:
            knock.refusal = problem
        except Exception:
            logger.exception("the gateway failed (trace %s)", exchange.trace_id)
            knock.refusal = _failure()
        return knock

    async def _exchange(self, knock: "_Knock", receive: Receive, send: Send, begun: Express | None = None) -> None:
        exchange = knock.exchange
        reply: Reply | None = None
        try:
            try:
                if knock.refusal is not None:
                    raise knock.refusal
                if knock.page is not None:
                    reply = await self._own_page(exchange, knock.page)
                else:
                    await self._forwarder.forward(exchange, exchange.onward(knock.scope), receive, send, begun)
            except Problem as problem:
                reply = problem.reply(trace_id=exchange.trace_id, instance=exchange.instance)
            except Exception:
                logger.exception("the gateway failed (trace %s)", exchange.trace_id)
                if exchange.status:
                    raise
                reply = _failure().reply(trace_id=exchange.trace_id, instance=exchange.instance)
            if reply is not None:
                exchange.status = reply.status
                await send_reply(send, reply, request_id=exchange.request_id, head=exchange.method == "HEAD")
        finally:
            self._note(exchange)

    def _note(self, exchange: Exchange) -> None:
        """The call has ended: count it and write it down."""
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()
        seconds = perf_counter() - exchange.started
        metrics.count(exchange, seconds)
        if exchange.path not in _PROBES:
            self._access_log.write(exchange, seconds)

    def _admit(self, exchange: Exchange) -> None:
        """Which service, and may this caller call it now? Raises Problem."""
        if self._health.draining:
            raise unavailable("shutting_down", "系统正在重启，请稍后再试")
        _, api, service = [*exchange.path.split("/", 3), "", ""][:3]
        if api != "api" or service not in self._upstreams:
            self._limits.address(exchange.client)
            raise not_found()
        exchange.upstream = service
        if exchange.brought.content_length > self.settings.body_limit_bytes:
            raise too_large(self.settings.body_limit_bytes)
        if exchange.path in self._public:
            self._limits.address(exchange.client)
            if exchange.path in self._sign_in:
                self._limits.sign_in(exchange.client)
            return
        try:
            exchange.account = self._doorkeeper.identify(exchange.brought.read.get(b"authorization"))
        except Problem:
            self._limits.address(exchange.client)
            raise
        self._limits.account(exchange.account)

    # ── the door's own pages ─────────────────────────────────────────────────────────────────────
    async def _own_page(self, exchange: Exchange, page: Page) -> Reply:
        """The answer to a path of the door itself."""
        path = exchange.path
        if exchange.method not in {"GET", "HEAD"}:
            raise not_allowed("GET", "HEAD")
        if path not in _PROBES:
            self._limits.address(exchange.client)
        elif path == "/metrics" and not self._is_near(exchange.client):
            raise not_found()
        exchange.route = path
        return await page()

    def _is_near(self, client: str) -> bool:
        try:
            address = ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self.settings.metrics_networks)


@dataclass(slots=True)
class _Knock:
    """What is to become of a call: passed on, answered by a page of the door, or refused."""

    exchange: Exchange
    scope: Scope
    page: Page | None = None
    refusal: Problem | None = None

    @property
    def passes(self) -> bool:
        """It goes to a service."""
        return self.page is None and self.refusal is None


def _failure() -> Problem:
    return Problem(500, "internal_error", "系统内部错误，请稍后再试")


async def _turn_away(receive: Receive, send: Send) -> None:
    """No service speaks websocket."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})


def create_gateway(
    settings: GatewaySettings,
    upstreams: Mapping[str, Upstream],
    verifier: TokenVerifier,
    *,
    on_start: Hook | None = None,
    on_stop: Hook | None = None,
    now: Callable[[], datetime] = clock.real,
    version: str = "1",
) -> Gateway:
    """The door in front of `upstreams`: `/api/<name>/…` goes to `upstreams[name]`, or to the address that
    `settings.upstreams` names for it.

    `on_start`/`on_stop` run what lives behind in the same process (services' lifespans); `on_stop` runs when
    the calls under way have ended. `version` is told in the API document.
    """
    remote = {name: HttpUpstream(address) for name, address in settings.upstreams.items()}
    return Gateway(
        settings, {**upstreams, **remote}, verifier, on_start=on_start, on_stop=on_stop, now=now, version=version
    )
