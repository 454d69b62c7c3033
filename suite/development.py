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

    routes = [
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
