"""Endpoints without a body get what FastAPI would give them, and are refused what it would refuse."""

from contextlib import AsyncExitStack
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.dependencies.utils import solve_dependencies
from fastapi.routing import APIRoute
from starlette.requests import Request

from shared.web.operations import operations_router
from shared.web.reads import arguments_of, short_way
from suite.compose import SERVICES

pytestmark = pytest.mark.unit

_ROUTES = [
    route
    for spec in SERVICES
    for room in (*spec.rooms, operations_router(spec.name))
    for route in room.routes
    if isinstance(route, APIRoute)
]
_VALUES = (
    "",
    "1",
    "-1",
    "0",
    "true",
    "x",
    "330903",
    "330903001001",
    "2026-01-01",
    "2026-02-30",
    "ALIVE",
    "\0",
    "a\ud800",
)


class _Desk:
    """Stands for what a service keeps on its app."""

    desk = person_key = sign_in = None


def _request(route: APIRoute, parameter: str, query: list[tuple[str, str]]) -> Request:
    scope: dict[str, Any] = {
        "type": "http",
        "headers": [],
        "query_string": urlencode(query, errors="surrogatepass").encode(),
        "path_params": dict.fromkeys(route.param_convertors, parameter),
        "app": type("App", (), {"state": _Desk}),
        "state": {"unit": "the unit"},
    }
    scope["fastapi_inner_astack"] = scope["fastapi_function_astack"] = AsyncExitStack()
    return Request(scope)


def _queries(route: APIRoute) -> list[list[tuple[str, str]]]:
    names = {"unknown", "cursor", "limit"}
    for field in route.dependant.query_params:
        names |= {field.name, field.alias}
        for name, inner in getattr(field.field_info.annotation, "model_fields", {}).items():
            names |= {name, inner.alias or name}
    single = [[(name, value)] for name, value in product(sorted(names), _VALUES)]
    return [[], *single, *([*one, (one[0][0], "20")] for one in single), [(name, "1") for name in sorted(names)]]


def _without_input(faults: list[Any]) -> list[Any]:
    return sorted(str({key: value for key, value in fault.items() if key != "input"}) for fault in faults)


def test_most_reads_go_the_short_way() -> None:
    reads = [route for route in _ROUTES if route.methods == {"GET"}]
    assert len([route for route in reads if short_way(route)]) > 0.8 * len(reads) > 60


@pytest.mark.parametrize("route", [one for one in _ROUTES if short_way(one)], ids=lambda one: one.operation_id)
async def test_arguments_are_fastapis(route: APIRoute) -> None:
    arguments = arguments_of(route.dependant)
    assert arguments is not None
    for parameter, query in [*(("x", query) for query in _queries(route)), ("1", []), ("330903", [])]:
        request = _request(route, parameter, query)
        values, faults = await arguments(request)
        theirs = await solve_dependencies(
            request=request,
            dependant=route.dependant,
            async_exit_stack=request.scope["fastapi_inner_astack"],
            embed_body_fields=False,
        )
        assert _without_input(faults) == _without_input(theirs.errors), query
        if not faults:
            assert values == theirs.values, query
