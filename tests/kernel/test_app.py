"""The short way of a call to its route leads where FastAPI's own search would."""

import pytest
from starlette.routing import Match
from starlette.types import Scope

from shared.service import ServiceSpec
from shared.web.app import Ways
from shared.web.operations import operations_router
from shared.web.route import UnitRoute
from suite.compose import SERVICES
from tests.kernel.conftest import Toy

pytestmark = pytest.mark.unit


def _scope(method: str, path: str, **more: object) -> Scope:
    return {"type": "http", "method": method, "path": path, "headers": [], **more}


def _asked(routes: list[UnitRoute], scope: Scope) -> tuple[UnitRoute, dict[str, str]] | None:
    for route in routes:
        match, found = route.matches(scope)
        if match is Match.FULL:
            return route, found["path_params"]
    return None


@pytest.mark.parametrize("spec", SERVICES, ids=lambda spec: spec.name)
def test_every_route_is_found_where_fastapi_finds_it(spec: ServiceSpec) -> None:
    routes = [route for room in (*spec.rooms, operations_router(spec.name)) for route in room.routes]
    ours = [route for route in routes if isinstance(route, UnitRoute)]
    assert len(ours) == len(routes) > 10
    ways = Ways(ours)
    for route in ours:
        path = route.path_format.format_map({name: f"x-{name}" for name in route.param_convertors})
        for method in (*(route.methods or ()), "TRACE"):
            scope = _scope(method, path)
            assert ways.find(scope) == (None if ":path}" in route.path else _asked(ours, scope))


def test_what_is_not_quite_a_route_goes_the_long_way(toy: Toy) -> None:
    ways = Ways([route for route in toy.app.routes if isinstance(route, UnitRoute)])
    assert ways.find(_scope("GET", "/api/toy/beds"))
    for path in ("/api/toy/beds/", "/api/toy//beds", "/api/toy/beds/b1/", "/api/toy/BEDS"):
        assert ways.find(_scope("GET", path)) is None, path
    assert ways.find(_scope("PUT", "/api/toy/beds")) is None
    assert ways.find(_scope("GET", "/api/toy/beds", root_path="/api")) is None
