"""A small service to forward to: says what it got, streams, dawdles and fails on request."""

import asyncio
import gzip
import hashlib
import threading
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

router = APIRouter()
VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Diary:
    """What the service noticed; read by tests in another thread."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.received = 0
        self.largest_chunk = 0
        self.produced = 0
        self.caller_left = threading.Event()


def a_service(name: str = "relief") -> FastAPI:
    """The service under `/api/<name>`. Its `state.diary` tells what happened."""
    app = FastAPI(title=name)
    app.state.diary = Diary()
    app.include_router(router, prefix=f"/api/{name}")

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> dict[str, str]:
        return {"status": "ok"}

    return app


def diary_of(request: Request) -> Diary:
    """Where to write what was noticed."""
    diary: Diary = request.app.state.diary
    return diary


@router.api_route("/echo/{item_id}", methods=VERBS, include_in_schema=False)
@router.post("/auth/sign-in")
async def echo(request: Request) -> JSONResponse:
    """What the service got."""
    diary_of(request).calls.append(f"{request.method} {request.url.path}")
    said = {
        "method": request.method,
        "path": request.url.path,
        "rawPath": request.scope["raw_path"].decode(),
        "query": request.scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode()] for name, value in request.headers.raw],
        "body": (await request.body()).decode(errors="replace"),
    }
    return JSONResponse(said)


@router.get("/items")
async def list_items(limit: int = 20) -> list[int]:
    """An ordinary answer."""
    return list(range(limit))


@router.post("/upload")
async def upload(request: Request) -> dict[str, Any]:
    """Digest of what was sent."""
    diary, digest, size = diary_of(request), hashlib.sha256(), 0
    async for chunk in request.stream():
        diary.largest_chunk = max(diary.largest_chunk, len(chunk))
        digest.update(chunk)
        size += len(chunk)
        diary.received = size
    return {"size": size, "digest": digest.hexdigest()}


@router.post("/hasty")
async def hasty() -> dict[str, str]:
    """Answers without reading what is sent."""
    return {"status": "ok"}


@router.get("/download")
async def download(request: Request, chunks: int) -> StreamingResponse:
    """`chunks` times 64 KiB, as fast as they are taken."""

    async def body() -> AsyncIterator[bytes]:
        for number in range(chunks):
            diary_of(request).produced = number
            yield number.to_bytes(2) * 32_768

    return StreamingResponse(body(), media_type="application/octet-stream")


@router.get("/endless")
async def endless(request: Request) -> StreamingResponse:
    """Ticks until the caller leaves, which it notes."""

    async def body() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.02)
        finally:
            diary_of(request).caller_left.set()

    return StreamingResponse(body())


@router.get("/waits")
async def waits(request: Request) -> Response:
    """Does not answer before the caller has left, which it notes."""
    for _ in range(300):
        if await request.is_disconnected():
            diary_of(request).caller_left.set()
            break
        await asyncio.sleep(0.02)
    return PlainTextResponse("late")


@router.api_route("/slow", methods=["GET", "POST"], include_in_schema=False)
async def slow(seconds: float) -> dict[str, str]:
    """Takes its time."""
    await asyncio.sleep(seconds)
    return {"status": "ok"}


@router.get("/stalls")
async def stalls() -> StreamingResponse:
    """Begins an answer and does not go on."""

    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        await asyncio.sleep(30)

    return StreamingResponse(body())


@router.get("/crash")
async def crash() -> None:
    """Fails with a message nobody outside may read."""
    raise RuntimeError("the password is hunter2")


@router.get("/cut")
async def cut() -> StreamingResponse:
    """Promises 1,000 bytes and fails after four."""

    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(0.05)
        raise RuntimeError("in the middle")

    return StreamingResponse(body(), headers={"content-length": "1000"})


@router.get("/failing")
async def failing(kind: str) -> Response:
    """A 503, as a bare text or as a problem."""
    if kind == "plain":
        return PlainTextResponse("Traceback (most recent call last): secret", 503)
    return JSONResponse({"code": "busy"}, 503, {"retry-after": "7"}, "application/problem+json")


@router.get("/dressed/{item_id}")
async def dressed(item_id: str) -> Response:
    """Headers of every sort; names its route to the gateway."""
    answer = Response(gzip.compress(b"plain", mtime=0), headers={"content-encoding": "gzip", "x-powered-by": item_id})
    answer.headers["x-route"] = "/api/relief/dressed/{item_id}"
    answer.headers["etag"] = '"v1"'
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


@router.get("/redirect", include_in_schema=False)
async def redirect(request: Request) -> Response:
    """To an absolute address it makes from the host it was called by."""
    return Response(status_code=307, headers={"location": str(request.url_for("list_items"))})
