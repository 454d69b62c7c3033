"""What the gateway's tests stand on: servers on loopback, tokens, odd upstreams."""

import asyncio
import contextlib
import random
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope

from gateway import AsgiUpstream, Gateway, GatewaySettings, HttpUpstream, Policy, Upstream, create_gateway
from gateway.http1.server import Stay, loop_factory
from gateway.http1.server import serve as serve_gateway
from shared import clock
from shared.db.principals import Role
from shared.process.http import StrictProtocol
from shared.security.keys import KeySet, SigningKeys
from shared.security.tokens import Claims, TokenSigner, TokenVerifier

KEYS = SigningKeys.from_seeds(KeySet(current=1, keys={1: secrets.token_bytes(32)}), signs=True)
SIGNER = TokenSigner(KEYS)
VERIFIER = TokenVerifier(KEYS)


def token(account: str = "account-1", *, at: datetime | None = None) -> str:
    """An access token issued `at`, or now."""
    return SIGNER.issue(
        Claims.starting(at or clock.real(), account_id=account, session_id="session-1", role=Role.TOWN_CLERK)
    )


def bearer(account: str = "account-1") -> dict[str, str]:
    """The header of a signed-in caller."""
    return {"authorization": f"Bearer {token(account)}"}


STALE = timedelta(minutes=10)


# ── servers ──────────────────────────────────────────────────────────────────────────────────────
@contextlib.contextmanager
def serve(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve `app`, a service or the gateway, each by its own server, from a thread on a loopback port; yields its
    address. Shut down in order at the end.
    """
    with _gateway_served(app, port) if isinstance(app, Gateway) else serve_by_uvicorn(app, port) as address:
        yield address


def _listener(port: int = 0) -> socket.socket:
    """Whose connections hold little that was not read: Linux would let them grow to tens of MB, and what somebody in
    between keeps could not be told from what the kernel keeps."""
    listener = socket.create_server(("127.0.0.1", port))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return listener


@contextlib.contextmanager
def _gateway_served(gateway: Gateway, port: int) -> Iterator[str]:
    with _listener(port) as listener:
        stopped = threading.Event()

        async def until_stopped() -> None:
            done = asyncio.Event()
            waiting = asyncio.create_task(asyncio.to_thread(stopped.wait))
            waiting.add_done_callback(lambda _: done.set())
            await serve_gateway(gateway, listener, done, Stay(finish_seconds=2))

        def run() -> None:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(until_stopped())

        thread = threading.Thread(target=run)
        thread.start()
        try:
            host, port = listener.getsockname()
            yield f"http://{host}:{port}"
        finally:
            stopped.set()
            thread.join(15)
            assert not thread.is_alive(), "the gateway did not stop"


@contextlib.contextmanager
def serve_by_uvicorn(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """The same by the services' server, which serves an embedded gateway too."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=StrictProtocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                assert time.monotonic() < deadline, "the server did not start in time"
                time.sleep(0.01)
            host, port = listener.getsockname()
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join(15)
            assert not thread.is_alive(), "the server did not stop"


def free_port() -> int:
    """A port nobody listens on; below those given to outgoing calls, or a caller could meet itself there."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextlib.asynccontextmanager
async def odd_server(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A TCP server that answers as `handle` does, however little that has to do with HTTP."""

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve_one, sock=_listener())
    try:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()


# ── the gateway ──────────────────────────────────────────────────────────────────────────────────
DEFAULTS: dict[str, Any] = {
    "public_paths": frozenset({"/api/relief/auth/sign-in"}),
    "sign_in_paths": frozenset({"/api/relief/auth/sign-in"}),
    "documents_seconds": 0.0,
    "drain_seconds": 2.0,
    "retry_seconds": 0.0,
}


def a_gateway(upstreams: dict[str, Upstream], /, **settings: Any) -> Gateway:
    """A gateway with settings that suit tests."""
    return create_gateway(GatewaySettings(**{**DEFAULTS, **settings}), upstreams, VERIFIER)


def upstream(kind: str, app: ASGIApp, address: str, policy: Policy | None = None) -> Upstream:
    """The same service, mounted or at its address."""
    return AsgiUpstream(app, policy) if kind == "asgi" else HttpUpstream(address, policy)


async def call_raw(app: ASGIApp, scope: Scope, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Call an ASGI app with a scope no client library would send; (status, headers, body)."""
    messages: list[Any] = []
    told = False

    async def receive() -> Any:
        nonlocal told
        if told:
            await asyncio.Event().wait()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, b"".join(message.get("body", b"") for message in messages[1:])


def a_scope(path: str = "/api/relief/echo/1", method: str = "GET", **more: Any) -> Scope:
    """A bare HTTP scope of a signed-in caller."""
    headers = [(b"host", b"puyou"), (b"authorization", f"Bearer {token()}".encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8080),
        **more,
        "headers": headers + more.get("headers", []),
    }
