"""Both ways in pieces, never whole; and a caller who leaves ends what was done for them. On real sockets."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI

from tests.gateway.service import Diary
from tests.gateway.stand import bearer

MIB = 1 << 20


@pytest.fixture
def diary(service: FastAPI) -> Diary:
    """What the service noticed."""
    noticed: Diary = service.state.diary
    return noticed


@pytest.fixture
async def caller(served: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway on its socket."""
    async with httpx.AsyncClient(base_url=served, headers=bearer(), timeout=20) as client:
        yield client


async def until(holds: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until something holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("told_length", [True, False])
async def test_a_large_upload_passes_in_pieces(caller: httpx.AsyncClient, diary: Diary, told_length: bool) -> None:
    piece, count = bytes(range(256)) * 256, 1_024  # 64 MiB
    digest = hashlib.sha256(piece * count).hexdigest()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield piece

    headers = {"content-length": str(len(piece) * count)} if told_length else {}
    answer = await caller.post("/api/relief/upload", content=pieces(), headers=headers)
    assert answer.json() == {"size": len(piece) * count, "digest": digest}
    assert diary.largest_chunk <= MIB


async def test_the_service_reads_while_the_caller_still_writes(caller: httpx.AsyncClient, diary: Diary) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await until(lambda: diary.received == 5)
        yield b"second"

    answer = await caller.post("/api/relief/upload", content=pieces())
    assert answer.json()["size"] == 11


async def test_a_large_download_waits_for_its_reader(caller: httpx.AsyncClient, diary: Diary) -> None:
    count, size, largest = 2_048, 0, 0  # 128 MiB
    async with caller.stream("GET", f"/api/relief/download?chunks={count}") as answer:
        parts = answer.aiter_raw()
        size += len(await anext(parts))
        await asyncio.sleep(0.3)
        assert diary.produced < count // 2, "somebody in between keeps what is not read"
        async for part in parts:
            size += len(part)
            largest = max(largest, len(part))
    assert size == count * 65_536
    assert largest <= MIB


async def test_an_answer_arrives_while_it_is_still_written(caller: httpx.AsyncClient) -> None:
    async with caller.stream("GET", "/api/relief/endless") as answer, asyncio.timeout(5):
        assert await anext(answer.aiter_raw()) == b"tick\n"


async def test_leaving_in_the_middle_of_an_answer_ends_it(caller: httpx.AsyncClient, diary: Diary) -> None:
    async with caller.stream("GET", "/api/relief/endless") as answer:
        await anext(answer.aiter_raw())
    await until(diary.caller_left.is_set)


async def test_leaving_before_the_answer_is_told_to_the_service(caller: httpx.AsyncClient, diary: Diary) -> None:
    call = asyncio.create_task(caller.get("/api/relief/waits"))
    await asyncio.sleep(0.3)
    call.cancel()
    await until(diary.caller_left.is_set)


async def test_leaving_in_the_middle_of_an_upload_is_no_whole_upload(served: str, diary: Diary) -> None:
    reader, writer = await asyncio.open_connection(*served.removeprefix("http://").split(":"))
    writer.write(_head("/api/relief/upload", "content-length: 1000000") + b"x" * 1_000)
    await writer.drain()
    await until(lambda: diary.received == 1_000)
    writer.close()
    async with httpx.AsyncClient(base_url=served) as client:
        assert (await client.get("/health/live")).status_code == 200
    assert await reader.read() == b""


async def test_an_answer_given_before_the_upload_ended_comes_through(served: str) -> None:
    reader, writer = await asyncio.open_connection(*served.removeprefix("http://").split(":"))
    writer.write(_head("/api/relief/hasty", "content-length: 1000000") + b"x" * 1_000)
    async with asyncio.timeout(5):
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()


def _head(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: puyou", f"authorization: {bearer()['authorization']}", *headers, "", ""]
    return "\r\n".join(lines).encode()
