"""Smuggling tries and nonsense: answered with a problem, never passed on, never a failure of the door."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from urllib.parse import unquote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.problems import PROBLEM_JSON
from tests.gateway.service import a_service
from tests.gateway.stand import a_gateway, a_scope, bearer, call_raw, serve, token, upstream


# ── what a service must never be told by a caller ────────────────────────────────────────────────
@pytest.mark.parametrize(
    "name",
    [
        "x-puyou-account",
        "X-Puyou-Role",
        "x_puyou_account",
        "x-forwarded-host",
        "x-forwarded-prefix",
        "forwarded",
        "x-real-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method",
        "te",
        "upgrade",
        "proxy-authorization",
        "keep-alive",
        "x-named-by-connection",
        "expect",
    ],
)
async def test_headers_that_do_not_pass(door: httpx.AsyncClient, name: str) -> None:
    headers = {**bearer(), name: "forged", "connection": "keep-alive, X-Named-By-Connection"}
    answer = await door.get("/api/relief/echo/1", headers=headers)
    assert answer.status_code == 200
    assert "forged" not in answer.text


async def test_the_callers_address_is_told_by_the_door_alone(door: httpx.AsyncClient) -> None:
    answer = await door.get("/api/relief/echo/1", headers={**bearer(), "x-forwarded-for": "10.9.8.7"})
    addresses = [value for name, value in answer.json()["headers"] if name == "x-forwarded-for"]
    assert addresses == ["127.0.0.1"]


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer second")],
        [(b"host", b"other")],
        [(b"content-length", b"1"), (b"content-length", b"2")],
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"-1")],
        [(b"content-length", b"5, 5")],
        [(b"content-length", b"9" * 19)],
        [(b"content-length", "٣".encode())],
        [(b"transfer-encoding", b"identity")],
        [(b"transfer-encoding", b"chunked, chunked")],
        [(b"transfer-encoding", b"\x0bchunked")],
        [(b"connection", b"close, authorization")],
        [(b"connection", b"Content-Length")],
        [(b"x-any", b"a\r\nx-puyou-role: ADMIN")],
        [(b"x-any", b"a\nb")],
        [(b"x-any", b"a\x00b")],
        [(b"x-any", b"\xff\xfe")],
        [(b"x-http-method-override", b"PUT"), (b"x-http-method-override", b"DELETE")],
    ],
)
async def test_ambiguous_headers_are_refused(service: FastAPI, headers: list[tuple[bytes, bytes]]) -> None:
    service.state.diary.__init__()
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    status, _, body = await call_raw(gateway, a_scope(method="POST", headers=headers))
    assert (status, json.loads(body)["code"]) == (400, "malformed_request")
    assert service.state.diary.calls == []


@pytest.mark.parametrize("host", [b"", b"a b", b"puyou/api", b"evil@puyou", b"puyou:x", b"[::1", b"a,b"])
async def test_a_host_that_is_none_is_refused(service: FastAPI, host: bytes) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    scope = a_scope()
    scope["headers"] = [(b"host", host), (b"authorization", f"Bearer {token()}".encode())]
    assert (await call_raw(gateway, scope))[0] == 400


@pytest.mark.parametrize("query", [b"a=%00", b"a=\xe5\xb1\xb1", b"a=b c", b"a\r\nb", b"a#b"])
async def test_an_odd_query_is_refused(service: FastAPI, query: bytes) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    assert (await call_raw(gateway, a_scope(query_string=query)))[0] == 400


async def test_chinese_in_a_header_passes(service: FastAPI) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    status, _, body = await call_raw(gateway, a_scope(headers=[(b"x-purpose", "复核".encode())]))
    assert status == 200
    assert "å¤æ ¸" in body.decode() or "复核" in body.decode()


# ── on the wire ──────────────────────────────────────────────────────────────────────────────────
async def say(address: str, sent: bytes) -> bytes:
    """Everything the gateway answers to these bytes until it closes or falls silent."""
    reader, writer = await asyncio.open_connection(*address.removeprefix("http://").split(":"))
    writer.write(sent)
    answer = b""
    try:
        async with asyncio.timeout(1):
            while part := await reader.read(65_536):
                answer += part
    except TimeoutError:
        pass
    writer.close()
    return answer


POST = "POST /api/relief/echo/1 HTTP/1.1\r\nhost: a\r\n{auth}\r\n"
SMUGGLED = "GET /api/relief/echo/smuggled HTTP/1.1\r\nhost: a\r\n{auth}\r\nconnection: close\r\n\r\n"


def signed_in(requests: str) -> bytes:
    """Requests as bytes, each `{auth}` a valid header."""
    return requests.replace("{auth}", f"authorization: Bearer {token()}").encode()


@pytest.mark.parametrize(
    "request_head",
    [
        POST + "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + "content-length: 0\r\ncontent-length: 9\r\n\r\n",
        POST + "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET http://elsewhere/api/relief/echo/1 HTTP/1.1\r\nhost: a\r\n{auth}\r\n\r\n",
        "GET /api/relief/echo/1 HTTP/1.1\r\nhost: a\r\nhost: b\r\n{auth}\r\n\r\n",
        "GET /api/relief/echo/1 HTTP/1.1\r\n{auth}\r\n\r\n",
        "GET /api/relief/echo/1\x00 HTTP/1.1\r\nhost: a\r\n{auth}\r\n\r\n",
        "GET /api/relief/../relief/echo/1 HTTP/1.1\r\nhost: a\r\n{auth}\r\n\r\n",
        "GET * HTTP/1.1\r\nhost: a\r\n{auth}\r\n\r\n",
        "CONNECT relief:80 HTTP/1.1\r\nhost: a\r\n{auth}\r\n\r\n",
        "TRACE /api/relief/echo/1 HTTP/1.1\r\nhost: a\r\n{auth}\r\n\r\n",
    ],
)
async def test_no_request_hides_in_another(served: str, service: FastAPI, request_head: str) -> None:
    answer = await say(served, signed_in(request_head + SMUGGLED))
    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500
    first_only = [call for call in service.state.diary.calls if not call.endswith("/smuggled")]
    assert first_only == []


async def test_a_request_after_another_is_a_request_of_its_own(served: str, service: FastAPI) -> None:
    answer = await say(served, signed_in(POST + "content-length: 2\r\n\r\nok" + SMUGGLED))
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert service.state.diary.calls == ["POST /api/relief/echo/1", "GET /api/relief/echo/smuggled"]


@pytest.fixture
def behind(service: FastAPI) -> Iterator[str]:
    """The address of a service behind the door, which is served by another server."""
    with serve(service) as address:
        yield address


HEAD = "GET /api/relief/echo/1 HTTP/1.1\r\nhost: a\r\n{auth}\r\nx-long: "


async def test_a_head_without_an_end_is_refused(behind: str) -> None:
    reader, writer = await asyncio.open_connection(*behind.removeprefix("http://").split(":"))
    writer.write(signed_in(HEAD))
    with contextlib.suppress(ConnectionError):  # cut while we still talk
        for _ in range(200):
            writer.write(b"a" * 10_000)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_what_follows_a_body_is_no_header(behind: str) -> None:
    chunked = "connection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
    answer = await say(behind, signed_in(POST + chunked + "x-purpose: late\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"late" not in answer


# ── anything at all ──────────────────────────────────────────────────────────────────────────────
names = st.one_of(
    st.sampled_from(
        [
            *(b"authorization host content-length transfer-encoding connection traceparent".split()),
            *(b"x-request-id x-http-method-override content-type accept cookie x-puyou-role".split()),
        ]
    ),
    st.from_regex(rb"[a-z0-9_.-]{1,20}", fullmatch=True),
)
values = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"chunked", b"0", b"5", b"DELETE", b"PUT", b"close", b"Bearer x", b"Basic eA=="]),
)
paths = st.one_of(
    st.sampled_from(["/api/relief/echo/1", "/api/relief", "/docs", "/openapi.json", "/health/ready", "/metrics", ""]),
    st.text(max_size=40).map(lambda text: "/api/relief/" + text),
    st.text(max_size=40),
)
methods = st.one_of(st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", "TRACE"]), st.text(max_size=8))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=methods,
    path=paths,
    raw_path=st.one_of(st.none(), st.binary(max_size=60)),
    query=st.binary(max_size=30),
    headers=st.lists(st.tuples(names, values), max_size=6),
    body=st.binary(max_size=40),
    client=st.sampled_from([None, ("127.0.0.1", 1), ("::1", 1), ("fe80::1%eth0", 1), ("testclient", 1), ("", 0)]),
)
async def test_whatever_comes_is_answered_without_failing(
    method: str,
    path: str,
    raw_path: bytes | None,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    client: tuple[str, int] | None,
) -> None:
    scope = a_scope(unquote(path), method, query_string=query, headers=headers, client=client)
    scope["raw_path"] = raw_path if raw_path is not None else path.encode()
    status, sent, answer = await call_raw(FUZZED, scope, body)
    assert status < 500
    assert sent["x-request-id"]
    if sent.get("content-type", "").encode() == PROBLEM_JSON and method != "HEAD":
        problem = json.loads(answer)
        assert problem["status"] == status
        assert problem["code"]


FUZZED = a_gateway({"relief": upstream("asgi", a_service(), "")}, address_rate="1000000/second")
