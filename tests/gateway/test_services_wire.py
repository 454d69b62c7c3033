"""What services may send and what becomes of it: every framing, in any pieces; and nothing of one answer in another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from gateway import HttpUpstream, Policy
from gateway.http1.connection import HIGH_WATER
from gateway.http1.service import ServiceConnection
from gateway.upstreams import ClientGone
from tests.gateway import stand
from tests.gateway.conftest import Open
from tests.gateway.stand import a_gateway, bearer, odd_server

ECHO = "/api/relief/echo/1"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(*answers: bytes, pieces: int = 1 << 20, asked: list[bytes] | None = None) -> Handle:
    """A service that sends one of `answers` for each request of a connection, in pieces, then closes it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            if asked is not None:
                asked.append(head.split(b"\r\n")[0])
            for start in range(0, len(answer), pieces):
                writer.write(answer[start : start + pieces])
                await writer.drain()
                if pieces < 100:
                    await asyncio.sleep(0.0005)

    return handle


FRAMINGS = [
    ("GET", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 200, b"hello"),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
    (
        "GET",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        200,
        b"hello",
    ),
    ("GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: late\r\n\r\n", 200, b"hello"),
    ("GET", b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
    ("GET", b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\netag: x\r\n\r\n", 304, b""),
    ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 200, b""),
    ("HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 200, b""),
    ("POST", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
    ("GET", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, 200, b"ok"),
]


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
@pytest.mark.parametrize(("method", "answer", "status", "body"), FRAMINGS)
async def test_every_framing_is_understood_in_any_pieces(
    open_gateway: Open, method: str, answer: bytes, status: int, body: bytes, pieces: int
) -> None:
    async with odd_server(answering(answer, pieces=pieces)) as address:
        client = await open_gateway(a_gateway({"relief": HttpUpstream(address)}))
        got = await client.request(method, ECHO, headers=bearer())
    assert (got.status_code, got.content) == (status, body)
    assert "link" not in got.headers
    assert "x" not in got.headers


@pytest.mark.parametrize(
    ("method", "answer", "status", "body"), [framing for framing in FRAMINGS if framing[3] != b"until the end"]
)
async def test_a_kept_connection_serves_the_next_call_on_the_short_way(
    method: str, answer: bytes, status: int, body: bytes
) -> None:
    """On a real socket: the first call opens the connection, the next ones go without a task where they can."""
    asked: list[bytes] = []
    async with odd_server(answering(OK, answer, OK, asked=asked)) as address:
        with stand.serve(a_gateway({"relief": HttpUpstream(address)})) as door:
            async with httpx.AsyncClient(base_url=door, headers=bearer(), timeout=5) as client:
                assert (await client.get(ECHO)).text == "ok"
                got = await client.request(method, ECHO)
                assert (got.status_code, got.content) == (status, body)
                assert (await client.get(ECHO)).text == "ok"
    assert [line.split()[0].decode() for line in asked] == ["GET", method, "GET"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: a\x00b\r\ncontent-length: 2\r\n\r\nok",
    ],
)
async def test_an_answer_that_could_be_read_in_two_ways_is_none(open_gateway: Open, answer: bytes) -> None:
    async with odd_server(answering(answer)) as address:
        client = await open_gateway(a_gateway({"relief": HttpUpstream(address)}))
        assert (await client.post(ECHO, headers=bearer())).status_code == 502


@pytest.mark.parametrize(
    "more",
    [b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged", b"forged"],
    ids=["answer", "bytes"],
)
@pytest.mark.parametrize("apart", [False, True])
async def test_what_follows_an_answer_is_never_the_answer_to_the_next(more: bytes, apart: bool) -> None:
    connections = 0

    async def smuggle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        if apart:
            writer.write(OK)
            await asyncio.sleep(0.05)
            writer.write(more)
        else:
            writer.write(OK + more)
        await reader.read()

    async with odd_server(smuggle) as address:
        with stand.serve(a_gateway({"relief": HttpUpstream(address)})) as door:
            async with httpx.AsyncClient(base_url=door, headers=bearer(), timeout=5) as client:
                for _ in range(3):
                    assert (await client.get(ECHO)).text == "ok"
                    await asyncio.sleep(0.1)
    assert connections == 3


async def test_a_read_whose_kept_connection_closes_as_it_is_sent_is_answered_all_the_same() -> None:
    async with odd_server(answering(OK)) as address:  # closes without a word when asked again
        with stand.serve(a_gateway({"relief": HttpUpstream(address)})) as door:
            async with httpx.AsyncClient(base_url=door, headers=bearer(), timeout=5) as client:
                answers = [await client.get(ECHO) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}


async def test_a_slow_answer_on_a_kept_connection_is_taken_over_and_timed() -> None:
    async def first_fast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()

    async with odd_server(first_fast) as address:
        with stand.serve(a_gateway({"relief": HttpUpstream(address, Policy(first_byte=0.4))})) as door:
            async with httpx.AsyncClient(base_url=door, headers=bearer(), timeout=5) as client:
                assert [(await client.get(ECHO)).status_code for _ in range(3)] == [200, 200, 504]


async def test_a_caller_who_leaves_a_kept_connection_waiting_ends_the_call() -> None:
    left = asyncio.Event()

    async def second_waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        left.set()

    async with odd_server(second_waits) as address:
        with stand.serve(a_gateway({"relief": HttpUpstream(address)})) as door:
            async with httpx.AsyncClient(base_url=door, headers=bearer(), timeout=5) as client:
                assert (await client.get(ECHO)).status_code == 200
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(ECHO, timeout=0.2)
                async with asyncio.timeout(5):
                    await left.wait()


async def test_an_answer_before_the_upload_ended_spoils_the_connection(open_gateway: Open) -> None:
    connections = 0

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000
            await asyncio.sleep(0.01)

    async with odd_server(hasty) as address:
        client = await open_gateway(a_gateway({"relief": HttpUpstream(address)}))
        async with asyncio.timeout(5):
            for _ in range(2):
                assert (await client.post(ECHO, content=endless(), headers=bearer())).text == "ok"
    assert connections == 2


async def test_an_upload_waits_for_a_service_that_does_not_read() -> None:
    reading, sent = asyncio.Event(), 0

    async def lazy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reading.wait()
        size = 0
        while size < 64 << 20:
            size += len(await reader.read(1 << 20))
        writer.write(OK)

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_024):
            sent += 65_536
            yield b"x" * 65_536

    async with odd_server(lazy) as address:
        gateway = a_gateway({"relief": HttpUpstream(address)}, body_limit_bytes=200_000_000)
        with stand.serve(gateway) as door:
            async with httpx.AsyncClient(base_url=door, headers=bearer(), timeout=20) as client:
                headers = {"content-length": str(64 << 20)}
                call = asyncio.create_task(client.post(ECHO, content=pieces(), headers=headers))
                await asyncio.sleep(0.7)
                assert HIGH_WATER < sent < 32 << 20, "somebody in between keeps what is not read"
                reading.set()
                assert (await call).text == "ok"


async def test_a_connection_whose_call_was_given_up_is_not_kept() -> None:
    """Not even when its answer had come: the next call on it would be told of the departure of another's caller."""
    connection = ServiceConnection()
    connection.connection_made(asyncio.Transport())
    connection.write = lambda data: None  # type: ignore[method-assign]
    connection.ask("GET", b"")
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    assert connection.take() == b"hi"
    assert connection.reusable
    connection.fail(ClientGone())
    assert not connection.reusable
