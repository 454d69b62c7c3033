"""What the gateway's tests stand on: a small service to forward to, servers on loopback, tokens, odd upstreams."""

import asyncio
import contextlib
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import AsgiUpstream, Gateway, GatewaySettings, HttpUpstream, Policy, Upstream, create_gateway
from shared import clock
from shared.db.principals import Role
from shared.security.keys import KeySet, SigningKeys
from shared.security.tokens import Claims, TokenSigner, TokenVerifier

KEYS = SigningKeys.from_seeds(KeySet(current="1", keys={"1": secrets.token_bytes(32)}), signs=True)
SIGNER = TokenSigner(KEYS)
VERIFIER = TokenVerifier(KEYS)


def token(account: str = "account-1", *, at: datetime | None = None) -> str:
    """An access token issued `at`, or now."""
    return SIGNER.issue(
        Claims.starting(at or clock.now(), account_id=account, session_id="session-1", role=Role.TOWN_CLERK)
    )


def bearer(account: str = "account-1") -> dict[str, str]:
    """The header of a signed-in caller."""
    return {"authorization": f"Bearer {token(account)}"}


STALE = timedelta(minutes=10)


# ── a service ────────────────────────────────────────────────────────────────────────────────────
class Diary:
    """What the service noticed; read by tests in another thread."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.largest_chunk = 0
        self.caller_left = threading.Event()


def a_service(name: str = "relief") -> FastAPI:
    """Says what it got, streams, dawdles and fails on request. Its `state.diary` tells what happened."""
    app = FastAPI(title=name)
    diary = app.state.diary = Diary()
    base = f"/api/{name}"

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    @app.api_route(
        base + "/echo/{item_id}",
        methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        include_in_schema=False,
    )
    @app.post(base + "/auth/sign-in")
    async def echo(request: Request) -> JSONResponse:
        diary.calls.append(request.method)
        said = {
            "method": request.method,
            "path": request.url.path,
            "rawPath": request.scope["raw_path"].decode(),
            "query": request.scope["query_string"].decode(),
            "headers": [[name.decode(), value.decode()] for name, value in request.headers.raw],
            "body": (await request.body()).decode(),
        }
        return JSONResponse(said)

    @app.get(base + "/items")
    async def list_items(limit: int = 20) -> list[int]:
        return list(range(limit))

    @app.post(base + "/upload")
    async def upload(request: Request) -> dict[str, Any]:
        digest, size = hashlib.sha256(), 0
        async for chunk in request.stream():
            diary.largest_chunk = max(diary.largest_chunk, len(chunk))
            digest.update(chunk)
            size += len(chunk)
        return {"size": size, "digest": digest.hexdigest()}

    @app.get(base + "/download")
    async def download(chunks: int) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for number in range(chunks):
                yield number.to_bytes(2) * 32_768

        return StreamingResponse(body(), media_type="application/octet-stream")

    @app.get(base + "/endless")
    async def endless() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"tick\n"
                    await asyncio.sleep(0.02)
            finally:
                diary.caller_left.set()

        return StreamingResponse(body())

    @app.get(base + "/waits")
    async def waits(request: Request) -> Response:
        for _ in range(300):
            if await request.is_disconnected():
                diary.caller_left.set()
                break
            await asyncio.sleep(0.02)
        return PlainTextResponse("late")

    @app.api_route(base + "/slow", methods=["GET", "POST"], include_in_schema=False)
    async def slow(request: Request, seconds: float) -> dict[str, str]:
        diary.calls.append(request.method)
        await asyncio.sleep(seconds)
        return {"status": "ok"}

    @app.get(base + "/stalls")
    async def stalls() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"begun"
            await asyncio.sleep(30)

        return StreamingResponse(body())

    @app.get(base + "/crash")
    async def crash() -> None:
        raise RuntimeError("the password is hunter2")

    @app.get(base + "/cut")
    async def cut() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"half"
            await asyncio.sleep(0.05)
            raise RuntimeError("in the middle")

        return StreamingResponse(body(), headers={"content-length": "1000"})

    @app.get(base + "/failing")
    async def failing(kind: str) -> Response:
        if kind == "plain":
            return PlainTextResponse("Traceback (most recent call last): secret", 503)
        return JSONResponse({"code": "busy"}, 503, {"retry-after": "7"}, "application/problem+json")

    @app.get(base + "/dressed")
    async def dressed() -> Response:
        answer = Response(b"\x1f\x8b not really", headers={"content-encoding": "gzip", "x-powered-by": "us"})
        answer.headers["x-route"] = base + "/dressed"
        answer.headers["etag"] = '"v1"'
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer

    @app.get(base + "/redirect", include_in_schema=False)
    async def redirect(request: Request) -> Response:
        return Response(status_code=307, headers={"location": str(request.url_for("list_items"))})

    return app


# ── servers ──────────────────────────────────────────────────────────────────────────────────────
@contextlib.contextmanager
def serve(app: ASGIApp, **options: Any) -> Iterator[str]:
    """Serve `app` from a thread on a free loopback port; yields its address. Shut down in order at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2, **options)
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
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
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

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
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


def a_gateway(upstreams: dict[str, Upstream], **settings: Any) -> Gateway:
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


class Silent:
    """An app that never answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Return at once."""
