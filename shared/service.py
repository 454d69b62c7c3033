"""`create_service`: a FastAPI app with everything a service must have. A service's `app.py` is its table of contents.

What comes with it: routes with permission and unit of work, outbox relay, inbox worker, timers and schedules, audit
log and sealer, health and metrics. Embedded and distributed processes run the same object; only the transport and
the database address differ (design §1).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import URL
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import SessionRevoked
from shared.db.database import Database
from shared.db.migrate import database_name, login_name
from shared.db.principals import system_principal
from shared.db.unit import UnitOfWork
from shared.events.alarm import Alarm
from shared.events.bell import Bell, ring
from shared.events.handling import Handlers, Subscription, on
from shared.events.inbox import Inbox
from shared.events.local import LocalTransport
from shared.events.loops import Loop, Worker
from shared.events.outbox import flush_outbox
from shared.events.relay import Relay
from shared.events.schedules import Schedule
from shared.events.transport import Transport
from shared.notices.port import RecordingNotices
from shared.notices.reactions import lift_for_the_living, stop_for_the_dead
from shared.notices.worker import NoticeWorker
from shared.outgoing.port import HttpOutside
from shared.outgoing.worker import CallWorker
from shared.security.audit import flush_audit
from shared.security.keys import Keyring, ServiceKeys
from shared.security.permissions import Permissions
from shared.security.seal import public_key_file
from shared.security.sealing import Sealing
from shared.security.tokens import TokenVerifier
from shared.security.vault import Vault
from shared.settings import Settings
from shared.standing import Standing
from shared.web.app import ServiceApp
from shared.web.edge import Edge
from shared.web.notices import NOTICES_PERMISSIONS, notices_router
from shared.web.operations import OPERATIONS_PERMISSIONS, operations_router
from shared.web.problems import plain_problem, problem_response, validation_problem
from shared.web.route import UnitRoute
from shared.web.sessions import revoke_session

_RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"description": words, "content": {"application/problem+json": {}}}
    for code, words in {
        400: "不是有效的请求",
        401: "未登录",
        403: "无权办理",
        404: "没有找到",
        409: "状态冲突",
        413: "内容过大",
        422: "内容不符合要求",
        503: "系统繁忙",
    }.items()
}


_PATIENCE_SECONDS = {"calls": 0.5, "notices": 0.5}
"""What goes to another house or to a person's pocket takes its time there: it lets what happens here go first."""

_SELDOM = 10
"""Loops are woken: by what a commit leaves, by the bell, by the standing, which looks each poll for all of them. They
look by themselves this much more seldom."""


class Part(StrEnum):
    """What a process does for its service. ALL: requests and standing work (embedded). API: requests only; what they
    leave to be done is rung for. WORKER: events, timers and jobs; over HTTP only health and metrics."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """What one service is made of. `takes_id_numbers`, `signs_tokens`: it holds the secrets for that. `calls_outside`:
    it has outgoing calls. `sends_notices`: it writes to people, and gets the worker, the list of messages and the
    silence towards the dead. `checks` raise at start when the database holds what the code cannot serve."""

    name: str
    title: str
    folder: Path
    rooms: Sequence[APIRouter]
    subscriptions: Sequence[Subscription] = ()
    schedules: Sequence[Schedule] = ()
    takes_id_numbers: bool = False
    signs_tokens: bool = False
    calls_outside: bool = False
    sends_notices: bool = False
    checks: Sequence[Callable[[UnitOfWork], Awaitable[None]]] = ()
    prepare: Callable[[FastAPI, Settings, ServiceKeys], None] | None = None

    @property
    def migrations(self) -> Path:
        """The service's own Alembic lineage."""
        return self.folder / "migrations" / "versions"

    def keys_from(self, ring: Keyring) -> ServiceKeys:
        """The secrets the service's work needs, and no others."""
        return ring.for_service(
            self.name,
            derives_person_ids=self.takes_id_numbers,
            signs_tokens=self.signs_tokens,
            seals_audit=True,
        )


@dataclass(slots=True)
class Runtime:
    """The living parts of one service."""

    spec: ServiceSpec
    settings: Settings
    part: Part
    database: Database
    inbox: Inbox
    transport: Transport
    loops: dict[str, Loop]
    bell: Bell | None = None
    outside: HttpOutside | None = None
    notices: RecordingNotices | None = None
    standing: Standing | None = None

    def wake_for(self, unit: UnitOfWork) -> None:
        """Look at once at what a commit has left for a loop."""
        self.wake(unit.wakes)

    def wake(self, names: Iterable[str] | None = None) -> None:
        """Let these loops look now; without names, all (the clock was moved)."""
        for name in self.loops if names is None else names:
            if name in self.loops:
                self.loops[name].wake()

    async def start(self, *, works: bool = True) -> None:
        """Check the login, then begin the standing work. With `works=False` tests drive it by hand."""
        await self.database.check_login()
        for check in self.spec.checks:
            async with self.database.unit(system_principal(f"{self.spec.name}.start"), "start") as unit:
                unit.audited = False
                await check(unit)
        if works and self.part is not Part.API:
            await self.transport.start(self.spec.name)
            for loop in self.loops.values():
                loop.start()
            if self.bell:
                self.bell.start()

    async def stop(self) -> None:
        """Let every loop finish what it has in hand; then nothing more is taken from the transport."""
        if self.bell:
            await self.bell.stop()
        await asyncio.gather(*(loop.stop() for loop in self.loops.values()))
        if self.standing:
            self.standing.forget()
        if self.part is not Part.API:
            await self.transport.stop(self.spec.name)
        if self.outside:
            await self.outside.close()
        await self.database.close()


def transport_of(settings: Settings) -> Transport:
    """RabbitMQ when the settings name a broker, else straight into the inboxes of this process."""
    if settings.broker_url:
        from shared.events.rabbit import RabbitTransport

        return RabbitTransport(settings.broker_url, settings.database_prefix)
    return LocalTransport()


def create_service(
    spec: ServiceSpec, settings: Settings, keys: ServiceKeys, transport: Transport, part: Part = Part.ALL
) -> FastAPI:
    """Build the app. Raises when a route names no permission or the permission table has no such entry."""
    runtime = _runtime(spec, settings, keys, transport, part)
    rooms = [*spec.rooms, operations_router(spec.name)]
    tables = [OPERATIONS_PERMISSIONS, spec.folder / "permissions.yaml"]
    if spec.sends_notices:
        rooms.append(notices_router(spec.name))
        tables.insert(0, NOTICES_PERMISSIONS)
    permissions = Permissions.load(*tables)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await runtime.start()
        try:
            yield
        finally:
            await runtime.stop()

    app = ServiceApp(
        spec.name,
        title=spec.title,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host the caller made up
        responses=_RESPONSES,
    )
    app.state.runtime = runtime
    app.state.edge = Edge(
        spec.name, runtime.database, permissions, TokenVerifier(keys.token_keys), settings.body_limit_bytes
    )
    app.state.audit_public_keys = public_key_file([keys])
    if spec.prepare:
        spec.prepare(app, settings, keys)
    routes = [_checked(route, permissions) for room in rooms for route in room.routes]
    if part is not Part.WORKER:
        app.serve(routes)
    if unused := permissions.unused():
        raise LookupError(f"{spec.name}: permissions no route asks for: {unused}")
    _add_answers(app, runtime)
    return app


def _checked(route: Any, permissions: Permissions) -> UnitRoute:
    if not isinstance(route, UnitRoute):
        raise TypeError(f"{getattr(route, 'path', route)}: rooms use shared.web.Router, which gives the unit of work")
    route.responses = {**_RESPONSES, **route.responses}
    if route.permit.resource:
        permissions.require(route.permit.resource, route.permit.verb)
    return route


def handlers_of(spec: ServiceSpec) -> Handlers:
    """Everything a service reacts to: what is common to all, its own reactions, its schedules."""
    schedules = [
        Subscription(f"schedule:{schedule.name}", schedule.handler, dict, order_free=True)
        for schedule in spec.schedules
    ]
    standing = [on(SessionRevoked, revoke_session, order_free=True)]
    if spec.sends_notices:  # before the service's own reactions: what these write finds the stop, or finds it lifted
        standing += [on(DeathConfirmed, stop_for_the_dead), on(DeathRevoked, lift_for_the_living)]
    return Handlers([*standing, *spec.subscriptions, *schedules])


def database_of(spec: ServiceSpec, settings: Settings, keys: ServiceKeys) -> Database:
    """The service's own database under its own login. Nothing is connected yet."""
    url = URL.create(
        "postgresql+asyncpg",
        username=login_name(settings.database_prefix, spec.name),
        password=settings.database_password,
        host=settings.database_host,
        port=settings.database_port,
        database=database_name(settings.database_prefix, spec.name),
    )
    return Database(
        spec.name,
        url,
        vault=Vault(keys, spec.name),
        api_connections=settings.api_connections,
        worker_connections=settings.worker_connections,
        wait_seconds=settings.pool_wait_seconds,
        finishers=[flush_outbox, flush_audit],
    )


def _runtime(spec: ServiceSpec, settings: Settings, keys: ServiceKeys, transport: Transport, part: Part) -> Runtime:
    database = database_of(spec, settings, keys)
    inbox = Inbox(database, handlers_of(spec))
    runtime = Runtime(spec, settings, part, database, inbox, transport, {})
    if part is Part.API:
        database.finishers.append(ring)
        return runtime
    if part is Part.WORKER:
        runtime.bell = Bell(database.url, runtime.wake)
    runtime.standing = Standing(database, runtime.wake)
    workers: dict[str, Worker] = {
        "relay": Relay(database, transport),
        "inbox": inbox,
        "alarm": Alarm(database, inbox, spec.schedules),
        "seal": Sealing(database, keys.audit_keys),
        "standing": runtime.standing,
    }
    if spec.calls_outside:
        runtime.outside = HttpOutside(settings.departments_url)
        workers["calls"] = CallWorker(database, inbox, runtime.outside)
    if spec.sends_notices:
        runtime.notices = RecordingNotices()
        workers["notices"] = NoticeWorker(database, runtime.notices)
    for name, worker in workers.items():
        poll = settings.poll_seconds * (1 if worker is runtime.standing else _SELDOM)
        patience = _PATIENCE_SECONDS.get(name, 0.0)
        runtime.loops[name] = Loop(f"{spec.name}.{name}", worker.work, poll, worker.batch, patience)
    inbox.wake = runtime.loops["inbox"].wake
    database.after_commit.append(runtime.wake_for)
    transport.attach(inbox)
    return runtime


def _add_answers(app: FastAPI, runtime: Runtime) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        try:
            await runtime.database.ping()
        except Exception:  # noqa: BLE001 - any reason means not ready
            return JSONResponse({"status": "away"}, 503)
        return JSONResponse({"status": "ok"})

    if runtime.part is not Part.ALL:  # embedded, the gateway shows what the whole process has measured

        @app.get("/metrics", include_in_schema=False)
        async def measured() -> Response:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        words = {404: ("not_found", "没有这个地址"), 405: ("method_not_allowed", "不支持的请求方法")}
        code, detail = words.get(error.status_code, ("bad_request", "请求格式错误"))
        problem = plain_problem(error.status_code, code, detail)
        problem.headers = dict(error.headers or {})
        return problem_response(problem, request.headers.get("x-request-id", ""))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(validation_problem(error), request.headers.get("x-request-id", ""))
