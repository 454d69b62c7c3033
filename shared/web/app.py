"""The app of a service: FastAPI, with a short way for calls that one of our own routes answers.

FastAPI asks its routes one after another, and puts seven layers around them that catch what `UnitRoute` has caught
already. Calls that no route of ours answers (unknown, wrong method, health, OpenAPI) go the whole way.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from fastapi import FastAPI
from starlette.convertors import StringConvertor
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from shared.observability.metrics import MeasureRequests
from shared.web.route import UnitRoute

_Found = tuple[UnitRoute, dict[str, str]]


class ServiceApp(FastAPI):
    """Everything is measured, whichever way it goes."""

    def __init__(self, service: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ways = Ways(())
        self._measured = MeasureRequests(self._answer, service)

    def serve(self, routes: Sequence[UnitRoute]) -> None:
        """Answer by these routes, in their order."""
        self.router.routes.extend(routes)
        self._ways = Ways(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        await self._measured(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._ways.find(scope)
        if found is None:
            await super().__call__(scope, receive, send)
            return
        route, values = found
        scope.update(app=self, router=self.router, route=route, endpoint=route.endpoint, path_params=values)
        async with AsyncExitStack() as stack:  # FastAPI closes on it what it has opened: files of a form
            scope["fastapi_middleware_astack"] = stack
            scope["fastapi_inner_astack"] = scope["fastapi_function_astack"] = stack
            response = await route.handle_request(Request(scope, receive, send))
            await response(scope, receive, send)


class Ways:
    """Routes by method and number of slashes; those few that are left are tried in their order. A route whose
    parameter may hold slashes is not among them."""

    def __init__(self, routes: Sequence[UnitRoute]) -> None:
        self._routes: dict[tuple[str, int], list[UnitRoute]] = {}
        for route in routes:
            if all(type(convertor) is StringConvertor for convertor in route.param_convertors.values()):
                for method in route.methods or ():
                    self._routes.setdefault((method, route.path.count("/")), []).append(route)

    def find(self, scope: Scope) -> _Found | None:
        """The route that answers, and its parameters by name; None where FastAPI is to look itself."""
        if scope["type"] != "http" or scope.get("root_path"):
            return None
        path: str = scope["path"]
        for route in self._routes.get((scope["method"], path.count("/")), ()):
            if matched := route.path_regex.match(path):
                return route, matched.groupdict()
        return None
