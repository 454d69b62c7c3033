"""Who is let in: tokens, public paths, rates, sizes."""

import json
from urllib.parse import unquote

import httpx
import pytest
from fastapi import FastAPI

from gateway import create_gateway
from gateway.settings import GatewaySettings
from shared import clock
from shared.security.tokens import Claims
from tests.gateway import stand
from tests.gateway.conftest import Open
from tests.gateway.stand import VERIFIER, a_gateway, a_scope, bearer, call_raw, token, upstream

SIGN_IN = "/api/relief/auth/sign-in"
ECHO = "/api/relief/echo/1"


def forged() -> str:
    """A well-formed token whose signature is another one's."""
    mine, theirs = token("a"), token("b")
    return f"{mine.rpartition('.')[0]}.{theirs.rpartition('.')[2]}"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "not_signed_in"),
        ("", "token_invalid"),
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Basic dXNlcjpwYXNz", "token_invalid"),
        ("Bearer not-a-token", "token_invalid"),
        ("Bearer a.b.c", "token_invalid"),
        ("Bearer a.b.c d", "token_invalid"),
        ("Bearer " + "a" * 9_000, "token_invalid"),
        ("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "token_invalid"),
        (f"Bearer {forged()}", "token_invalid"),
        (f"Bearer {token(at=clock.real() - stand.STALE)}", "token_expired"),
    ],
)
async def test_without_a_valid_token_nobody_comes_in(
    door: httpx.AsyncClient, service: FastAPI, authorization: str | None, code: str
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await door.get(ECHO, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    problem = answer.json()
    assert problem["code"] == code
    assert problem["instance"] == ECHO
    assert problem["traceId"] == answer.headers["x-request-id"]
    assert set(problem) == {"type", "title", "status", "detail", "code", "traceId", "instance"}
    assert not problem["detail"].isascii()
    assert service.state.diary.calls == []


async def test_the_scheme_may_be_written_in_any_case(door: httpx.AsyncClient) -> None:
    answer = await door.get(ECHO, headers={"authorization": f"bEARER {token()}"})
    assert answer.status_code == 200


async def test_a_token_ends_when_its_time_is_over(service: FastAPI, open_gateway: Open) -> None:
    instants = [clock.real(), clock.real() + stand.STALE]
    gateway = create_gateway(
        GatewaySettings(), {"relief": upstream("asgi", service, "")}, VERIFIER, now=lambda: instants.pop(0)
    )
    client, headers = await open_gateway(gateway), bearer()
    assert (await client.get(ECHO, headers=headers)).status_code == 200
    assert (await client.get(ECHO, headers=headers)).json()["code"] == "token_expired"


async def test_moving_the_clock_of_the_suite_signs_nobody_out(door: httpx.AsyncClient) -> None:
    clock.set_to(clock.real() + stand.STALE)
    assert (await door.get(ECHO, headers=bearer())).status_code == 200


async def test_public_paths_need_no_token_and_a_bad_one_does_no_harm(door: httpx.AsyncClient) -> None:
    assert (await door.post(SIGN_IN, json={})).status_code == 200
    assert (await door.post(SIGN_IN, json={}, headers={"authorization": "Bearer x"})).status_code == 200


async def test_a_public_path_may_have_a_place_for_one_segment(service: FastAPI, open_gateway: Open) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")}, public_paths={"/api/relief/beds.v1/{code}/public"})
    client = await open_gateway(gateway)

    async def status(path: str) -> int:
        answer: httpx.Response = await client.get(f"/api/relief/{path}")
        return answer.status_code

    assert await status("beds.v1/a-1/public") == 404  # let through; the service has no such page
    for private in ("beds.v1//public", "beds.v1/public", "beds.v1/a/b/public", "bedsxv1/a/public", "beds.v1/a/publicx"):
        assert await status(private) in {400, 401}, private
    assert await status("beds.v1/a%2Fb/public") == 401
    assert await status("beds.v1/a/public/") == 401


@pytest.mark.parametrize(
    "near_miss",
    [
        f"{SIGN_IN}/",
        f"{SIGN_IN}x",
        "/api/relief/auth",
        "/api/relief/auth/sign-in%2Fx",
        "/api/relief/AUTH/sign-in",
        "/api/relief/echo/sign-in?path=/api/relief/auth/sign-in",
    ],
)
async def test_only_the_very_path_is_public(door: httpx.AsyncClient, near_miss: str) -> None:
    assert (await door.post(near_miss, json={})).status_code == 401


@pytest.mark.parametrize(
    "dressed_up",
    [
        "/api/relief/auth/sign-in/../../echo/1",
        "/api/relief/auth/sign-in/%2e%2e/%2e%2e/echo/1",
        "/api/relief/auth/sign-in%2f..%2f..%2fecho%2f1",
        "/api/relief/./auth/sign-in",
        "/api/relief//auth/sign-in",
        "/api/relief/auth/sign-in\\..\\..\\echo",
        "/api/relief/auth/sign-in%00",
    ],
)
async def test_no_path_means_two_things(service: FastAPI, dressed_up: str) -> None:
    service.state.diary.__init__()
    gateway = a_gateway({"relief": upstream("asgi", service, "")})
    scope = a_scope(unquote(dressed_up), "POST", raw_path=dressed_up.encode())
    status, _, body = await call_raw(gateway, scope)
    assert (status, json.loads(body)["code"]) == (400, "malformed_request")
    assert service.state.diary.calls == []


async def test_a_broken_verifier_lets_nobody_in(service: FastAPI, open_gateway: Open) -> None:
    class Broken:
        def verify(self, token: str, now: object) -> Claims:
            raise RuntimeError("no keys")

    gateway = create_gateway(GatewaySettings(), {"relief": upstream("asgi", service, "")}, Broken())
    client = await open_gateway(gateway)
    answer = await client.get(ECHO, headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert "no keys" not in answer.text


# ── rates ────────────────────────────────────────────────────────────────────────────────────────
async def test_an_account_has_its_own_rate(service: FastAPI, open_gateway: Open) -> None:
    client = await open_gateway(a_gateway({"relief": upstream("asgi", service, "")}, account_rate="5/minute"))
    first = [(await client.get(ECHO, headers=bearer("first"))).status_code for _ in range(7)]
    assert first == [200] * 5 + [429] * 2
    refused = await client.get(ECHO, headers=bearer("first"))
    assert refused.json()["code"] == "rate_limited"
    assert 55 <= int(refused.headers["retry-after"]) <= 60
    assert (await client.get(ECHO, headers=bearer("second"))).status_code == 200


async def test_signing_in_is_held_shorter_per_address(service: FastAPI, open_gateway: Open) -> None:
    gateway = a_gateway({"relief": upstream("asgi", service, "")}, sign_in_rate="3/minute")
    client = await open_gateway(gateway)
    assert [(await client.post(SIGN_IN)).status_code for _ in range(4)] == [200, 200, 200, 429]
    # Those already signed in at the same counter work on; another counter signs in.
    assert (await client.get(ECHO, headers=bearer())).status_code == 200
    elsewhere = httpx.ASGITransport(gateway, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://puyou") as other:
        assert (await other.post(SIGN_IN)).status_code == 200


async def test_guessing_tokens_is_held_by_address(service: FastAPI, open_gateway: Open) -> None:
    client = await open_gateway(a_gateway({"relief": upstream("asgi", service, "")}, address_rate="3/minute"))
    codes = [(await client.get(ECHO, headers={"authorization": f"Bearer a.b.{n}"})).status_code for n in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    assert (await client.get("/docs")).status_code == 429
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get(ECHO, headers=bearer())).status_code == 200


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
async def narrow(kind: str, service: FastAPI, service_address: str, open_gateway: Open) -> httpx.AsyncClient:
    """A gateway that lets 1,000 bytes through."""
    service.state.diary.__init__()
    gateway = a_gateway({"relief": upstream(kind, service, service_address)}, body_limit_bytes=1_000)
    client: httpx.AsyncClient = await open_gateway(gateway)
    return client


async def test_a_body_told_too_large_is_refused_unread(narrow: httpx.AsyncClient, service: FastAPI) -> None:
    assert (await narrow.post(ECHO, content=b"x" * 1_000, headers=bearer())).status_code == 200
    answer = await narrow.post(ECHO, content=b"x" * 1_001, headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert service.state.diary.calls == [f"POST {ECHO}"]


async def test_a_body_that_grows_too_large_on_the_way_is_cut(narrow: httpx.AsyncClient) -> None:
    async def pieces(count: int):
        for _ in range(count):
            yield b"x" * 100

    assert (await narrow.post(ECHO, content=pieces(10), headers=bearer())).status_code == 200
    answer = await narrow.post(ECHO, content=pieces(11), headers=bearer())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
