"""What callers may send to our own server, on real sockets."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fastapi import FastAPI

from gateway.http1 import caller
from gateway.http1.headers import HeaderMemory
from gateway.http1.server import Stay, serve
from tests.gateway import stand
from tests.gateway.stand import a_gateway, token, upstream

PATH = "/api/relief/echo/1"


@pytest.fixture
def door(service: FastAPI, service_address: str) -> Iterator[tuple[str, str]]:
    """(host, port) of a gateway in front of the service at its address."""
    service.state.diary.__init__()
    with stand.serve(a_gateway({"relief": upstream("http", service, service_address)})) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        yield host, port


def a_request(path: str = PATH, *more: str, method: str = "GET", version: str = "1.1", account: str = "a-1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "host: puyou", f"authorization: Bearer {token(account)}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of the next answer, which must tell its length."""
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(status.split()[1]), headers, body


async def is_closed(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(5):
        return await reader.read() == b""


async def test_requests_sent_together_are_answered_in_order(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    paths = [f"/api/relief/echo/{number}" for number in range(30)]
    writer.write(b"".join(a_request(path) for path in paths))
    assert [json.loads((await answer_of(reader))[2])["path"] for _ in paths] == paths
    writer.close()


@pytest.mark.parametrize("pieces", [1, 13])
async def test_a_request_may_come_in_pieces(door: tuple[str, str], pieces: int) -> None:
    reader, writer = await asyncio.open_connection(*door)
    sent = a_request(PATH, "content-length: 5", method="POST") + b"hello" + a_request()
    for start in range(0, len(sent), pieces):
        writer.write(sent[start : start + pieces])
        await asyncio.sleep(0.0005)
    answers = [json.loads((await answer_of(reader))[2]) for _ in range(2)]
    assert [(each["method"], each["body"]) for each in answers] == [("POST", "hello"), ("GET", "")]
    writer.close()


async def test_headers_seen_before_stand_for_the_same_caller_and_any_target(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    requests = {account: a_request(account=account).partition(b"\r\n")[2] for account in ("one", "two")}
    for number in range(4):
        for account, headers in requests.items():
            target = f"/api/relief/echo/{account}-{number}"
            writer.write(f"GET {target}?n={number} HTTP/1.1\r\n".encode() + headers)
            said = json.loads((await answer_of(reader))[2])
            assert (said["path"], said["query"]) == (target, f"n={number}")
            seen = dict(said["headers"])
            assert seen["authorization"].encode() in headers
            assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", seen["traceparent"])
    writer.close()


@pytest.mark.parametrize(
    "line", ["GET /api/relief/../x HTTP/1.1", "GET //x HTTP/1.1", "GET /a b HTTP/1.1", "GET x HTTP/1.1"]
)
async def test_known_headers_do_not_excuse_an_odd_target(door: tuple[str, str], line: str) -> None:
    reader, writer = await asyncio.open_connection(*door)
    headers = a_request().partition(b"\r\n")[2]
    for _ in range(2):
        writer.write(f"GET {PATH} HTTP/1.1\r\n".encode() + headers)
        assert (await answer_of(reader))[0] == 200
    writer.write(line.encode() + b"\r\n" + headers)
    assert (await answer_of(reader))[0] == 400
    writer.close()


async def test_known_headers_do_not_outlive_their_token(door: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = await asyncio.open_connection(*door)
    request = a_request()
    for _ in range(2):
        writer.write(request)
        assert (await answer_of(reader))[0] == 200
    monkeypatch.setattr(stand.VERIFIER, "verify", lambda _token, _now: 1 / 0)
    writer.write(request)
    assert (await answer_of(reader))[0] == 401
    writer.close()


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        (b"\r\n\r\n", [(b"host", b"x")]),
        (b"\r\nhost: x\r\n\r\n", [(b"host", b"x"), (b"authorization", b"y")]),
        (b"\r\nhost: x\nauthorization: y\r\n\r\n", [(b"host", b"x"), (b"authorization", b"y")]),
        (b"\r\nhost: x\r\n folded\r\n\r\n", [(b"host", b"x folded")]),
        (b"\r\nhost: " + b"x" * 5_000 + b"\r\n\r\n", [(b"host", b"x" * 5_000)]),
    ],
)
def test_only_a_block_that_says_all_itself_is_learned(block: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    memory = HeaderMemory()
    memory.learn(block, headers)
    assert memory.find(block) is None


def test_the_memory_of_headers_is_bounded() -> None:
    memory = HeaderMemory()
    for number in range(HeaderMemory.MOST + 10):
        memory.learn(b"\r\nx: %d\r\n\r\n" % number, [(b"x", b"%d" % number)])
    assert memory.find(b"\r\nx: 9\r\n\r\n") is None
    assert memory.find(b"\r\nx: 10\r\n\r\n") == [(b"x", b"10")]


async def test_http_1_0_is_answered_and_closed(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(a_request(version="1.0"))
    status, headers, _ = await answer_of(reader)
    assert (status, headers["connection"]) == (200, "close")
    assert await is_closed(reader)
    writer.close()


async def test_connection_close_is_obeyed(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(a_request(PATH, "connection: close") + a_request())
    status, headers, _ = await answer_of(reader)
    assert (status, headers["connection"]) == (200, "close")
    assert await is_closed(reader)
    writer.close()


async def test_who_asks_before_sending_a_body_is_told_to_go_on(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(a_request(PATH, "content-length: 2", "expect: 100-continue", method="POST"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ok")
    status, _, body = await answer_of(reader)
    assert (status, json.loads(body)["body"]) == (200, "ok")
    writer.close()


async def test_a_refused_body_is_not_asked_for_and_the_connection_goes_on(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(f"POST {PATH} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n".encode())
    assert (await answer_of(reader))[0] == 401
    writer.write(b"ok" + a_request())
    assert (await answer_of(reader))[0] == 200
    writer.close()


async def test_an_answer_without_length_is_chunked_for_1_1_and_ends_the_connection_for_1_0(
    door: tuple[str, str],
) -> None:
    for version, framing in (("1.1", b"transfer-encoding: chunked"), ("1.0", b"connection: close")):
        reader, writer = await asyncio.open_connection(*door)
        writer.write(a_request("/api/relief/download?chunks=2", version=version))
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            assert framing in head
            if version == "1.0":
                assert len(await reader.read()) == 2 * 65_536
        writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 400_000,
        b"GET / HTTP/1.1\r\nhost: a\r\n" + b"".join(b"x%d: y\r\n" % number for number in range(40_000)),
    ],
    ids=["unfinished", "finished", "target", "many"],
)
async def test_a_head_without_end_is_refused(door: tuple[str, str], head: bytes) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(head)
    status, headers, body = await answer_of(reader)
    assert status in {400, 431}
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["status"] == status
    writer.close()


async def test_a_trailer_without_end_is_refused(door: tuple[str, str]) -> None:
    reader, writer = await asyncio.open_connection(*door)
    head, _, _ = a_request().partition(b"\r\n\r\n")
    chunked = head.replace(b"GET ", b"POST ", 1) + b"\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-more: "
    writer.write(chunked)
    with suppress(ConnectionError):
        for _ in range(100):
            writer.write(b"y" * 10_000)
            await writer.drain()
    with suppress(ConnectionError, asyncio.IncompleteReadError):  # or cut off while it was still sending
        assert (await answer_of(reader))[0] in {400, 431}
    writer.close()


async def test_who_sends_a_head_drop_by_drop_is_left(door: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection(*door)
    writer.write(b"GET / HTTP/1.1\r\n")
    await asyncio.sleep(0.1)
    writer.write(b"host: a\r\n")
    assert await is_closed(reader)
    writer.close()


async def test_an_idle_connection_is_closed_after_a_while(
    door: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "IDLE_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection(*door)
    writer.write(a_request())
    assert (await answer_of(reader))[0] == 200
    assert await is_closed(reader)
    writer.close()


async def test_a_broken_chunk_ends_the_call_for_the_service_too(door: tuple[str, str], service: FastAPI) -> None:
    reader, writer = await asyncio.open_connection(*door)
    writer.write(a_request("/api/relief/upload", "transfer-encoding: chunked", method="POST") + b"3\r\nabc\r\n")
    await asyncio.sleep(0.2)
    writer.write(b"nonsense\r\n")
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_stopping_ends_idle_connections_and_lets_calls_end(service: FastAPI, service_address: str) -> None:
    gateway = a_gateway({"relief": upstream("http", service, service_address)})
    stopped = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(serve(gateway, listener, stopped, Stay()))
        address = listener.getsockname()
        idle_reader, idle_writer = await asyncio.open_connection(*address)
        reader, writer = await asyncio.open_connection(*address)
        idle_writer.write(a_request())
        assert (await answer_of(idle_reader))[0] == 200
        writer.write(a_request("/api/relief/slow?seconds=0.5"))
        await asyncio.sleep(0.2)
        stopped.set()
        assert await is_closed(idle_reader)
        assert (await answer_of(reader))[0] == 200
        assert await is_closed(reader)
        async with asyncio.timeout(2):
            await serving
    for each in (writer, idle_writer):
        each.close()


async def test_a_leaving_gateway_answers_idle_connections_once_more_and_is_not_ready(service: FastAPI) -> None:
    said: list[str] = []
    stopped = asyncio.Event()
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(serve(gateway, listener, stopped, Stay(idle_seconds=5, say=said.append)))
        lines = [await asyncio.open_connection(*listener.getsockname()) for _ in range(2)]
        for reader, writer in lines:
            writer.write(a_request())
            status, headers, _ = await answer_of(reader)
            assert (status, headers.get("connection")) == (200, None)
        stopped.set()
        while said != ["ready", "leaving"]:  # noqa: ASYNC110 - said from the other task
            await asyncio.sleep(0.001)
        for (reader, writer), path, expected in zip(lines, (PATH, "/health/ready"), (200, 503), strict=True):
            writer.write(a_request(path))
            status, headers, _ = await answer_of(reader)
            assert (status, headers["connection"]) == (expected, "close")
            assert await is_closed(reader)
        async with asyncio.timeout(2):
            await serving
    for _, writer in lines:
        writer.close()
