"""What exists in `dev` only is described, too: the document at the door names no service as missing."""

from typing import Any

import httpx
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from suite.development import development_app
from suite.home import Home
from suite.serve import Entrance


class _Nobody:
    """A suite whose clock nobody moves."""

    @property
    def home(self) -> Home:
        raise NotImplementedError

    async def clock_moved(self) -> None:
        raise NotImplementedError


async def test_every_route_of_dev_is_in_its_document() -> None:
    app = development_app(_Nobody())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dev") as client:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
    OPENAPI_31_VALIDATOR.validate(document)
    routes = {
        (route.path, verb.lower())
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith("/api/")
        for verb in (route.methods or set()) - {"HEAD"}
    }
    assert routes == {(path, verb) for path, item in document["paths"].items() for verb in item}


class _Suite:
    """As much of a suite as its entrance looks at."""

    def __init__(self, *, is_dev: bool) -> None:
        self.settings = self
        self.is_dev = is_dev

    async def gateway(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body"})


@pytest.mark.parametrize(("is_dev", "status"), [(True, 200), (False, 418)])
async def test_departments_are_played_in_dev_only(is_dev: bool, status: int) -> None:
    entrance = Entrance(_Suite(is_dev=is_dev))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(entrance), base_url="http://suite") as client:
        call = {"callId": "0198c0de-0000-7000-8000-000000000000"}
        answer = await client.post("/simulators/departments/police/cancel_registration", json=call)
    assert answer.status_code == status
