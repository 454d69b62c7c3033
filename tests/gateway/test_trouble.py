"""Services that are slow, down, broken or busy; restarts; shutting down in order."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from gateway import AsgiUpstream, HttpUpstream, Policy, create_gateway
from gateway.settings import GatewaySettings
from tests.gateway import stand
from tests.gateway.conftest import Open
from tests.gateway.service import a_service
from tests.gateway.stand import VERIFIER, a_gateway, bearer, free_port, odd_server, upstream

ECHO = "/api/relief/echo/1"


@pytest.fixture
async def impatient(kind: str, service: FastAPI, service_address: str, open_gateway: Open) -> httpx.AsyncClient:
    """A gateway that waits 0.2 s for an answer to begin."""
    policy = Policy(first_byte=0.2, retry=0)
    gateway = a_gateway({"relief": upstream(kind, service, service_address, policy)})
    client: httpx.AsyncClient = await open_gateway(gateway)
    return client


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """(status, code) of an answer that is a problem in every respect."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["traceId"] == answer.headers["x-request-id"]
    assert not problem["detail"].isascii()
    return answer.status_code, problem["code"]


# ── slow ─────────────────────────────────────────────────────────────────────────────────────────
async def test_an_answer_that_does_not_begin_is_504(impatient: httpx.AsyncClient) -> None:
    answer = await impatient.get("/api/relief/slow?seconds=3", headers=bearer())
    assert problem_of(answer) == (504, "upstream_timeout")


async def test_the_time_a_caller_takes_to_upload_is_not_the_services(impatient: httpx.AsyncClient) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x"
            await asyncio.sleep(0.3)

    answer = await impatient.post(ECHO, content=slowly(), headers=bearer())
    assert (answer.status_code, answer.json()["body"]) == (200, "xx")
    late = await impatient.post("/api/relief/slow?seconds=3", content=slowly(), headers=bearer())
    assert problem_of(late) == (504, "upstream_timeout")


async def test_a_stream_may_take_longer_than_its_beginning(kind: str, service: FastAPI, service_address: str) -> None:
    gateway = a_gateway({"relief": upstream(kind, service, service_address, Policy(first_byte=0.2))})
    with stand.serve(gateway) as address:
        async with (
            httpx.AsyncClient(base_url=address, headers=bearer(), timeout=5) as client,
            client.stream("GET", "/api/relief/endless") as answer,
        ):
            ticks = answer.aiter_raw()
            until = time.monotonic() + 0.6
            while time.monotonic() < until:
                assert await anext(ticks)


async def test_an_answer_that_stalls_is_cut_so_that_the_caller_notices(
    kind: str, service: FastAPI, service_address: str
) -> None:
    gateway = a_gateway({"relief": upstream(kind, service, service_address, Policy(whole=0.4))})
    with stand.serve(gateway) as address:
        async with httpx.AsyncClient(base_url=address, timeout=5) as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get("/api/relief/stalls", headers=bearer())


# ── failing ──────────────────────────────────────────────────────────────────────────────────────
async def test_a_crash_is_a_problem_without_its_reason(door: httpx.AsyncClient) -> None:
    answer = await door.get("/api/relief/crash", headers=bearer())
    assert problem_of(answer) == (500, "service_failed")
    assert "hunter2" not in answer.text


async def test_a_bare_failure_is_worded_and_a_worded_one_passed_on(door: httpx.AsyncClient) -> None:
    bare = await door.get("/api/relief/failing?kind=plain", headers=bearer())
    assert problem_of(bare) == (503, "service_failed")
    assert "Traceback" not in bare.text
    worded = await door.get("/api/relief/failing?kind=problem", headers=bearer())
    assert (worded.status_code, worded.json(), worded.headers["retry-after"]) == (503, {"code": "busy"}, "7")


async def test_an_answer_that_breaks_off_is_cut(served: str) -> None:
    async with httpx.AsyncClient(base_url=served, timeout=5) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/relief/cut", headers=bearer())
        assert (await client.get(ECHO, headers=bearer())).status_code == 200


async def test_an_app_that_says_nothing_is_502(open_gateway: Open) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        """Return without an answer."""

    client = await open_gateway(a_gateway({"relief": AsgiUpstream(silent)}))
    assert problem_of(await client.get(ECHO, headers=bearer())) == (502, "upstream_broken")


# ── down, or no HTTP at all ──────────────────────────────────────────────────────────────────────
async def test_nobody_there_is_503(open_gateway: Open) -> None:
    client = await open_gateway(a_gateway({"relief": HttpUpstream(f"http://127.0.0.1:{free_port()}")}))
    for method in ("GET", "POST"):
        answer = await client.request(method, ECHO, headers=bearer())
        assert problem_of(answer) == (503, "upstream_unreachable")
        assert int(answer.headers["retry-after"]) > 0


async def test_a_call_that_reached_nobody_waits_for_a_restart(service: FastAPI, open_gateway: Open) -> None:
    port = free_port()
    client = await open_gateway(a_gateway({"relief": HttpUpstream(f"http://127.0.0.1:{port}", Policy(retry=10))}))
    calls = [
        asyncio.create_task(client.request(method, ECHO, content=b"whole", headers=bearer()))
        for method in ("GET", "POST", "PUT")
    ]
    await asyncio.sleep(0.3)
    with stand.serve(service, port):
        answers = await asyncio.gather(*calls)
    assert [(answer.status_code, answer.json()["body"]) for answer in answers] == [(200, "whole")] * 3


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("HEAD", 2), ("POST", 1), ("PUT", 1), ("DELETE", 1)])
async def test_only_a_safe_call_is_repeated_once_when_dropped(open_gateway: Open, method: str, tries: int) -> None:
    seen = []

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readline())

    async with odd_server(drop) as address:
        client = await open_gateway(a_gateway({"relief": HttpUpstream(address)}))
        answer = await client.request(method, ECHO, headers=bearer())
    assert answer.status_code == 502
    assert len(seen) == tries


async def test_no_verb_but_a_safe_one_is_repeated_on_a_kept_connection(open_gateway: Open) -> None:
    """HTTP clients like to repeat PUT and DELETE by themselves when a kept connection turns out closed."""
    seen = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        seen.append(await reader.readline())

    async with odd_server(once) as address:
        client = await open_gateway(a_gateway({"relief": HttpUpstream(address)}))
        assert (await client.get(ECHO, headers=bearer())).status_code == 200
        assert problem_of(await client.delete(ECHO, headers=bearer())) == (502, "upstream_broken")
    assert [line for line in seen if line] == [b"DELETE /api/relief/echo/1 HTTP/1.1\r\n"]


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"",
        b"\x00\x01\x02\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_502(open_gateway: Open, bytes_sent: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(bytes_sent)
        await writer.drain()

    async with odd_server(babble) as address:
        client = await open_gateway(a_gateway({"relief": HttpUpstream(address)}))
        assert problem_of(await client.post(ECHO, headers=bearer())) == (502, "upstream_broken")


@pytest.mark.parametrize("framing", [b"content-length: 100", b"transfer-encoding: chunked"])
async def test_half_an_answer_is_never_passed_as_whole(framing: bytes) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n3\r\nabc\r\n")
        await writer.drain()

    async with odd_server(half) as address:
        with stand.serve(a_gateway({"relief": HttpUpstream(address)})) as door:
            async with httpx.AsyncClient(base_url=door, timeout=5) as client:
                with pytest.raises(httpx.RemoteProtocolError):
                    await client.get(ECHO, headers=bearer())


# ── busy ─────────────────────────────────────────────────────────────────────────────────────────
async def test_more_calls_than_places_wait_a_little_then_503(
    kind: str, service: FastAPI, service_address: str, open_gateway: Open
) -> None:
    policy = Policy(connections=2, queue=0.3)
    client = await open_gateway(a_gateway({"relief": upstream(kind, service, service_address, policy)}))
    slow = [asyncio.create_task(client.get("/api/relief/slow?seconds=0.2", headers=bearer())) for _ in range(2)] + [
        asyncio.create_task(client.get("/api/relief/slow?seconds=0.6", headers=bearer())) for _ in range(2)
    ]
    await asyncio.sleep(0.25)
    late = asyncio.create_task(client.get(ECHO, headers=bearer()))
    assert [(await answer).status_code for answer in slow] == [200] * 4
    answer = await late
    assert problem_of(answer) == (503, "upstream_busy")
    assert answer.headers["retry-after"] == "1"


async def test_places_are_given_back_whatever_happened(
    kind: str, service: FastAPI, service_address: str, open_gateway: Open
) -> None:
    policy = Policy(connections=2, queue=0.5, first_byte=0.1)
    client = await open_gateway(a_gateway({"relief": upstream(kind, service, service_address, policy)}))
    paths = ["/api/relief/crash", "/api/relief/slow?seconds=1", "/api/relief/failing?kind=plain", "/api/relief/x"]
    for path in paths * 2:
        await client.get(path, headers=bearer())
    assert (await client.get(ECHO, headers=bearer())).status_code == 200


# ── starting and stopping ────────────────────────────────────────────────────────────────────────
async def test_stopping_lets_calls_under_way_end_and_takes_no_more(service: FastAPI) -> None:
    order = []

    async def hook(name: str) -> None:
        order.append(name)

    gateway = create_gateway(
        GatewaySettings(drain_seconds=5),
        {"relief": upstream("asgi", service, "")},
        VERIFIER,
        on_start=lambda: hook("started"),
        on_stop=lambda: hook("stopped"),
    )
    await gateway.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://puyou") as client:
        under_way = asyncio.create_task(client.get("/api/relief/slow?seconds=0.4", headers=bearer()))
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(gateway.stop())
        await asyncio.sleep(0.1)
        assert problem_of(await client.get(ECHO, headers=bearer())) == (503, "shutting_down")
        assert (await client.get("/health/ready")).json() == {"status": "draining"}
        assert (await client.get("/health/live")).status_code == 200
        assert order == ["started"]
        assert (await under_way).status_code == 200
        await stopping
    assert order == ["started", "stopped"]


async def test_stopping_does_not_wait_for_ever(service: FastAPI) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")}, drain_seconds=0.2)
    await gateway.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://puyou") as client:
        under_way = asyncio.create_task(client.get("/api/relief/slow?seconds=2", headers=bearer()))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(1):
            await gateway.stop()
        under_way.cancel()


async def test_a_start_that_fails_is_told_to_the_server() -> None:
    async def fail() -> None:
        raise RuntimeError("no database")

    upstream = HttpUpstream("http://127.0.0.1:9")
    gateway = create_gateway(GatewaySettings(), {"relief": upstream}, VERIFIER, on_start=fail)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    await gateway({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed"}]
    assert upstream._pool is None


async def test_websockets_are_turned_away(service: FastAPI) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await a_gateway({"relief": upstream("asgi", service, "")})({"type": "websocket"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_an_app_is_given_the_state_its_lifespan_yielded(open_gateway: Open) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["state"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    mounted = AsgiUpstream(app)
    mounted.state["engine"] = "theirs"
    client = await open_gateway(a_gateway({"relief": mounted}))
    assert (await client.get(ECHO, headers=bearer())).status_code == 204
    assert seen == [{"engine": "theirs"}]
    seen[0]["engine"] = "changed by a call"
    await client.get(ECHO, headers=bearer())
    assert seen[1] == {"engine": "theirs"}


async def test_restarts_under_load_fail_no_reading_and_double_no_writing(open_gateway: Open) -> None:
    """A write whose connection is cut at the very moment of the restart is told so (502): it may have been done."""
    port, service = free_port(), a_service()
    done, finished = threading.Event(), threading.Event()
    behind = HttpUpstream(f"http://127.0.0.1:{port}", Policy(retry=10))
    client = await open_gateway(a_gateway({"relief": behind}, account_rate="99999/minute"))
    reads: list[int] = []
    writes: list[int] = []

    async def caller(name: str, method: str, statuses: list[int]) -> None:
        while not done.is_set():
            path = f"/api/relief/echo/{name}-{len(statuses)}"
            body = None if method == "GET" else b"x"
            answer = await client.request(method, path, content=body, headers=bearer())
            statuses.append(answer.status_code)
            await asyncio.sleep(0.005)

    def run() -> None:
        for round_ in range(3):
            with stand.serve(service, port):
                finished.wait(0.5)
                if round_ == 2:
                    done.set()
                    finished.wait(5)

    server = asyncio.create_task(asyncio.to_thread(run))
    callers = [("r1", "GET", reads), ("r2", "GET", reads), ("w1", "POST", writes), ("w2", "PUT", writes)]
    await asyncio.gather(*(caller(*each) for each in callers))
    finished.set()
    await server
    assert len(reads) > 50
    assert set(reads) == {200}
    assert len(writes) > 50
    assert set(writes) <= {200, 502}
    written = [call for call in service.state.diary.calls if call.startswith(("POST", "PUT"))]
    assert len(written) == len(set(written))
    assert len(written) >= writes.count(200)
