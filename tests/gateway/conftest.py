"""The gateway in front of one small service, mounted in process (`asgi`) and at an address (`http`)."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway import Gateway
from tests.gateway import stand
from tests.gateway.service import a_service

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def service() -> FastAPI:
    """The service behind the gateway."""
    return a_service()


@pytest.fixture(scope="session")
def service_address(service: FastAPI) -> Iterator[str]:
    """The same service at an address."""
    with stand.serve(service) as address:
        yield address


@pytest.fixture(params=("asgi", "http"))
def kind(request: pytest.FixtureRequest) -> str:
    """How the service is reached."""
    return str(request.param)


@pytest.fixture
async def open_gateway() -> AsyncIterator[Open]:
    """Start a gateway; gives a client that calls it in process as a signed-in caller would not yet."""
    async with AsyncExitStack() as stack:

        async def start(gateway: Gateway, client: tuple[str, int] = ("127.0.0.1", 50000)) -> httpx.AsyncClient:
            await gateway.start()
            stack.push_async_callback(gateway.stop)
            transport = httpx.ASGITransport(gateway, client=client)
            return await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://puyou"))

        yield start


@pytest.fixture
async def door(kind: str, service: FastAPI, service_address: str, open_gateway: Open) -> httpx.AsyncClient:
    """A client of a gateway in front of the service, for both kinds."""
    service.state.diary.__init__()
    gateway = stand.a_gateway({"relief": stand.upstream(kind, service, service_address)})
    client: httpx.AsyncClient = await open_gateway(gateway)
    return client


@pytest.fixture
def served(kind: str, service: FastAPI, service_address: str) -> Iterator[str]:
    """Address of a gateway on a real socket in front of the service, for both kinds."""
    service.state.diary.__init__()
    gateway = stand.a_gateway({"relief": stand.upstream(kind, service, service_address)}, body_limit_bytes=200_000_000)
    with stand.serve(gateway) as address:
        yield address
