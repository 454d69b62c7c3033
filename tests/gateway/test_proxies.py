"""Who calls, behind reverse proxies: nobody can give himself another address, or take a rate that is not his."""

from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from gateway import GatewaySettings
from gateway.proxies import Proxies
from tests.gateway.stand import a_gateway, bearer, serve, serve_by_uvicorn, upstream

PROXIES = Proxies([ip_network("10.1.0.0/24"), ip_network("fd00:1::/64")])
PEER = "10.1.0.1"


@pytest.mark.unit
@pytest.mark.parametrize(
    ("forwarded_for", "caller"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the left one was written by the caller
        ("10.1.0.9, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.0.9", "203.0.113.7"),  # two proxies
        ("198.51.100.1, 203.0.113.7,10.1.0.9 , fd00:1::9", "203.0.113.7"),
        ("10.1.0.8, 10.1.0.9", "10.1.0.8"),  # a proxy calls by itself
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.1.0.9", "203.0.113.7"),
        ("", PEER),
        (",,", PEER),
        ("unknown", PEER),
        ("203.0.113.7, unknown", PEER),
        ("203.0.113.7, unknown, 10.1.0.9", "10.1.0.9"),
        ("203.0.113.7, fe80::1%eth0", PEER),
        ("203.0.113.7\x00", PEER),
        ("203.0.113.07", PEER),
        ("\xff\xfe", PEER),
    ],
)
def test_the_caller_is_the_right_most_address_that_is_no_proxy(forwarded_for: str, caller: str) -> None:
    assert PROXIES.caller(PEER, "http", forwarded_for.encode("latin-1"), b"") == (caller, "http")


@pytest.mark.unit
@pytest.mark.parametrize("peer", ["10.1.1.1", "203.0.113.9", "fd00:2::1", "", "a-socket"])
def test_a_stranger_is_not_believed(peer: str) -> None:
    assert PROXIES.caller(peer, "http", b"203.0.113.7", b"https") == (peer, "http")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("said", "scheme"),
    [(b"https", "https"), (b"HTTPS ", "https"), (b"http, https", "https"), (b"", "http"), (b"gopher", "http")],
)
def test_the_scheme_is_taken_over(said: bytes, scheme: str) -> None:
    assert PROXIES.caller("fd00:1::1", "http", b"203.0.113.7", said) == ("203.0.113.7", scheme)


@pytest.mark.unit
@given(spoofed=st.binary(max_size=60))
def test_nothing_on_the_left_counts(spoofed: bytes) -> None:
    assert PROXIES.caller(PEER, "http", spoofed + b", 203.0.113.7, 10.1.0.2", b"")[0] == "203.0.113.7"


@pytest.mark.unit
def test_nobody_is_believed_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert GatewaySettings().trusted_proxies == ()
    monkeypatch.setenv("PUYOU_GATEWAY_TRUSTED_PROXIES", '["10.1.0.0/24", "fd00:1::/64"]')
    assert GatewaySettings().trusted_proxies == (ip_network("10.1.0.0/24"), ip_network("fd00:1::/64"))


@pytest.mark.parametrize("server", [serve, serve_by_uvicorn])
@pytest.mark.parametrize(
    ("trusted", "told"),
    [(["127.0.0.0/8"], ("203.0.113.7", "https")), (["10.0.0.0/8"], ("127.0.0.1", "http"))],
)
async def test_a_service_is_told_one_address(
    kind: str, service: FastAPI, service_address: str, server: Any, trusted: list[str], told: tuple[str, str]
) -> None:
    gateway = a_gateway({"relief": upstream(kind, service, service_address)}, trusted_proxies=trusted)
    sent = [
        *bearer().items(),
        ("x-forwarded-for", "198.51.100.1"),
        ("X-Forwarded-For", "203.0.113.7, 127.0.0.2"),
        ("x-forwarded-proto", "https"),
    ]
    with server(gateway) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            for _ in range(2):  # the second time the headers are known
                answer = await client.get("/api/relief/echo/1", headers=sent)
                seen = [(name, value) for name, value in answer.json()["headers"] if name.startswith("x-forwarded-")]
                assert sorted(seen) == [("x-forwarded-for", told[0]), ("x-forwarded-proto", told[1])]


@pytest.mark.parametrize("server", [serve, serve_by_uvicorn])
async def test_callers_behind_a_proxy_have_rates_of_their_own(
    kind: str, service: FastAPI, service_address: str, server: Any
) -> None:
    upstreams = {"relief": upstream(kind, service, service_address)}
    with server(a_gateway(upstreams, trusted_proxies=["127.0.0.0/8"], address_rate="2/minute")) as address:
        async with httpx.AsyncClient(base_url=address) as client:

            async def call(forwarded_for: str) -> int:
                return (await client.get("/api/nothing", headers={"x-forwarded-for": forwarded_for})).status_code

            assert [await call(f"198.51.100.{spoofed}, 203.0.113.7") for spoofed in range(3)] == [404, 404, 429]
            assert await call("203.0.113.8") == 404
