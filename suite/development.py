"""What exists only in `dev`: `POST /api/dev/clock` moves the suite's clock, so that months, overdue timers and late
discovery can be shown."""

import json
from datetime import datetime
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared import clock
from shared.db.problems import Invalid, Problem
from shared.web.problems import problem_response
from suite.home import Home

_NOW = {
    "type": "object",
    "required": ["now", "today"],
    "properties": {"now": {"type": "string", "format": "date-time"}, "today": {"type": "string", "format": "date"}},
}
_TO = {"type": "object", "required": ["to"], "properties": {"to": {"type": "string", "format": "date-time"}}}
_ANSWER = {"200": {"description": "套件的时间", "content": {"application/json": {"schema": _NOW}}}}
_OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "开发环境", "version": "1"},
    "tags": [{"name": "开发环境"}],
    "paths": {
        "/api/dev/clock": {
            "get": {
                "tags": ["开发环境"],
                "summary": "读取套件的时间",
                "operationId": "read_clock",
                "responses": _ANSWER,
            },
            "post": {
                "tags": ["开发环境"],
                "summary": "拨动套件的时间，带时区",
                "operationId": "move_clock",
                "requestBody": {"required": True, "content": {"application/json": {"schema": _TO}}},
                "responses": _ANSWER | {"422": {"description": "时间不符合要求"}},
            },
        }
    },
}


class Movable(Protocol):
    """The suite, as far as its clock goes."""

    @property
    def home(self) -> Home: ...

    async def clock_moved(self) -> None:
        """Return when everybody goes by the new time."""
        ...


def development_app(suite: Movable) -> Starlette:
    """The routes under /api/dev."""

    async def move_clock(request: Request) -> JSONResponse:
        try:
            to = _instant(await request.body())
        except Problem as problem:
            return problem_response(problem, request.headers.get("x-request-id", ""))
        clock.set_to(to)
        suite.home.keep_clock()
        await suite.clock_moved()
        return JSONResponse({"now": clock.now().isoformat(), "today": clock.today().isoformat()})

    async def read_clock(_: Request) -> JSONResponse:
        return JSONResponse({"now": clock.now().isoformat(), "today": clock.today().isoformat()})

    async def ready(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def openapi(_: Request) -> JSONResponse:
        return JSONResponse(_OPENAPI)

    routes = [
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/health/live", ready, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/api/dev/clock", move_clock, methods=["POST"]),
        Route("/api/dev/clock", read_clock, methods=["GET"]),
    ]
    return Starlette(routes=routes)


def _instant(body: bytes) -> datetime:
    problem = Invalid("clock_to", "to 应为带时区的时间，例如 2026-03-01T08:00:00+08:00", field="to")
    try:
        to = datetime.fromisoformat(json.loads(body)["to"])
    except (ValueError, TypeError, KeyError, UnicodeDecodeError, RecursionError):
        raise problem from None
    if to.tzinfo is None or not 2000 <= to.year <= 2100:
        raise problem
    return to
