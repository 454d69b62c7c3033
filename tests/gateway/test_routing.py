"""Where calls go, what is passed on and what is answered; the same for both kinds of upstream."""

import gzip
import re

import httpx
import pytest
from fastapi import FastAPI

from gateway import GatewaySettings
from tests.gateway.conftest import Open
from tests.gateway.service import a_service
from tests.gateway.stand import a_gateway, bearer, upstream

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def headers_of(answer: httpx.Response) -> dict[str, str]:
    """Headers the service saw."""
    return dict(answer.json()["headers"])


async def test_a_call_reaches_its_service_unchanged(door: httpx.AsyncClient) -> None:
    answer = await door.post(
        "/api/relief/echo/%E8%88%9F%2B1?q=%E5%B1%B1&q=2&empty=",
        content="正文".encode(),
        headers={**bearer(), "content-type": "text/plain", "idempotency-key": "k1", "if-match": '"3"'},
    )
    assert answer.status_code == 200
    said = answer.json()
    assert said["method"] == "POST"
    assert said["rawPath"] == "/api/relief/echo/%E8%88%9F%2B1"
    assert said["query"] == "q=%E5%B1%B1&q=2&empty="
    assert said["body"] == "正文"
    seen = headers_of(answer)
    assert seen["authorization"].startswith("Bearer ey")
    assert (seen["idempotency-key"], seen["if-match"]) == ("k1", '"3"')
    assert seen["host"] == "puyou"
    assert seen["x-forwarded-for"] == "127.0.0.1"


async def test_calls_go_to_the_service_they_name(open_gateway: Open) -> None:
    relief, charity = a_service("relief"), a_service("charity")
    client = await open_gateway(
        a_gateway({"relief": upstream("asgi", relief, ""), "charity": upstream("asgi", charity, "")})
    )
    for name in ("relief", "charity"):
        answer = await client.get(f"/api/{name}/echo/1", headers=bearer())
        assert answer.json()["path"] == f"/api/{name}/echo/1"
    assert len(relief.state.diary.calls) == len(charity.state.diary.calls) == 1


async def test_one_setting_moves_a_service_to_an_address(service_address: str, open_gateway: Open) -> None:
    mounted = a_service("relief")
    gateway = a_gateway({"relief": upstream("asgi", mounted, "")}, upstreams={"relief": service_address})
    client = await open_gateway(gateway)
    assert (await client.get("/api/relief/echo/1", headers=bearer())).status_code == 200
    assert mounted.state.diary.calls == []


@pytest.mark.parametrize(
    "upstreams",
    [{"relief": "127.0.0.1:1"}, {"relief": "http://a/b"}, {"relief": "http://a?b"}, {"re/lief": "http://a"}],
)
def test_an_address_that_is_none_stops_the_start(upstreams: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="upstreams"):
        GatewaySettings(upstreams=upstreams)


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/api/nowhere/x", "/relief/echo/1", "/API/relief/echo/1", "/docs/index.html"]
)
async def test_no_such_address_is_a_404_of_the_door(door: httpx.AsyncClient, path: str) -> None:
    answer = await door.get(path, headers=bearer())
    assert answer.status_code == 404
    assert answer.json()["code"] == "route_not_found"


async def test_a_404_of_the_service_is_passed_on(door: httpx.AsyncClient) -> None:
    answer = await door.get("/api/relief/unheard-of", headers=bearer())
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_trace_is_passed_on_and_the_request_id_answered(door: httpx.AsyncClient) -> None:
    given = {**bearer(), "traceparent": TRACEPARENT, "x-request-id": "counter-7.call-42", "tracestate": "x=y"}
    answer = await door.get("/api/relief/echo/1", headers=given)
    seen = headers_of(answer)
    assert seen["traceparent"] == TRACEPARENT
    assert seen["x-request-id"] == answer.headers["x-request-id"] == "counter-7.call-42"
    assert "tracestate" not in seen


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"traceparent": "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
        {"traceparent": "nonsense", "x-request-id": "short"},
        {"x-request-id": 'a"quoted"-request-id'},
        {"x-request-id": "x" * 65},
    ],
)
async def test_a_trace_is_made_where_none_is_usable(door: httpx.AsyncClient, given: dict[str, str]) -> None:
    answer = await door.get("/api/relief/echo/1", headers={**bearer(), **given})
    made = re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-01", headers_of(answer)["traceparent"])
    assert made
    assert answer.headers["x-request-id"] == made[1]


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE", "delete"])
async def test_post_may_stand_for_another_verb(door: httpx.AsyncClient, verb: str) -> None:
    answer = await door.post("/api/relief/echo/1", content=b"{}", headers={**bearer(), "x-http-method-override": verb})
    assert answer.json()["method"] == verb.upper()
    assert answer.json()["body"] == "{}"
    assert "x-http-method-override" not in headers_of(answer)


@pytest.mark.parametrize(("method", "verb"), [("POST", "GET"), ("POST", "TRACE"), ("GET", "DELETE"), ("PUT", "POST")])
async def test_no_other_override_is_taken(door: httpx.AsyncClient, service: FastAPI, method: str, verb: str) -> None:
    answer = await door.request(method, "/api/relief/echo/1", headers={**bearer(), "x-http-method-override": verb})
    assert (answer.status_code, answer.json()["code"]) == (400, "method_override_invalid")
    assert service.state.diary.calls == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND"])
async def test_other_methods_are_refused(door: httpx.AsyncClient, method: str) -> None:
    answer = await door.request(method, "/api/relief/echo/1", headers=bearer())
    assert answer.status_code == 405
    assert "PATCH" in answer.headers["allow"]


async def test_head_has_no_body(door: httpx.AsyncClient) -> None:
    for path in ("/api/relief/echo/1", "/docs"):
        answer = await door.head(path, headers=bearer())
        assert (answer.status_code, answer.content) == (200, b"")
        assert int(answer.headers["content-length"]) > 0


async def test_answers_pass_byte_by_byte_without_what_is_internal(door: httpx.AsyncClient) -> None:
    async with door.stream("GET", "/api/relief/dressed/7", headers=bearer()) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert raw == gzip.compress(b"plain", mtime=0)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["etag"] == '"v1"'
    assert [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")] == ["a", "b"]
    assert not {"x-route", "x-powered-by", "server"} & set(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_redirect_names_the_doors_address_not_the_services(door: httpx.AsyncClient) -> None:
    answer = await door.get("/api/relief/redirect", headers=bearer())
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://puyou/api/relief/items"


async def test_both_kinds_answer_alike(service: FastAPI, service_address: str, open_gateway: Open) -> None:
    calls = [
        ("GET", "/api/relief/echo/1?a=b", None),
        ("POST", "/api/relief/echo/1", b"x" * 70_000),
        ("PUT", "/api/relief/echo/1", b""),
        ("DELETE", "/api/relief/echo/1", None),
        ("OPTIONS", "/api/relief/echo/1", None),
        ("GET", "/api/relief/items?limit=3", None),
        ("GET", "/api/relief/items?limit=x", None),
        ("POST", "/api/relief/items", b"{}"),
        ("GET", "/api/relief/nothing", None),
        ("GET", "/api/relief/items/", None),
        ("GET", "/api/relief/download?chunks=3", None),
        ("GET", "/api/relief/crash", None),
        ("GET", "/api/relief/failing?kind=plain", None),
        ("GET", "/api/relief/failing?kind=problem", None),
        ("GET", "/api/relief/dressed/7", None),
        ("GET", "/api/relief/redirect", None),
    ]
    fixed = {**bearer(), "traceparent": TRACEPARENT, "x-request-id": "the-same-for-both"}
    answers = []
    for how in ("asgi", "http"):
        client = await open_gateway(a_gateway({"relief": upstream(how, service, service_address)}))
        found = []
        for method, path, body in calls:
            async with client.stream(method, path, content=body, headers=fixed) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
            assert int(answer.headers.get("content-length", len(raw))) == len(raw)
            sent = {name: value for name, value in answer.headers.items() if name != "content-length"}
            found.append((method, path, answer.status_code, sent, unordered(raw)))
        answers.append(found)
    for mounted, remote in zip(*answers, strict=True):
        assert mounted == remote


def unordered(body: bytes) -> object:
    """An echo without the order of its headers, and without the length 0 some clients tell where there is no body."""
    if not body.startswith(b'{"method"'):
        return body
    said = httpx.Response(200, content=body).json()
    return {**said, "headers": sorted((name, value) for name, value in said["headers"] if value != "0")}
