"""The suite as a burglar sees it: every route of every service, called with any token, each answer searched."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.routing import Mount

from shared import clock
from shared.db.migrate import database_name
from shared.db.principals import Role
from shared.ids import uuid7
from shared.security.masking import Grade
from shared.security.person_key import random_person_id
from shared.security.tokens import Claims, TokenSigner
from shared.web.route import UnitRoute
from suite.seed import population
from tests.journeys.conftest import Scene
from tests.journeys.rows.horizon import Horizon
from tests.journeys.rows.who import HOUSES, PEOPLE, ROLES, Places, Row, Who

Done = TypeVar("Done")

ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})
AUDIT_LOG = "audit"
"""The one resource whose rows name persons to an administrator: by their opaque ids, and by nothing else."""

ID_NUMBER = re.compile(r"(?<![0-9a-z-])330999[0-9]{11}[0-9X]")
BANK_CARD = re.compile(r"(?<![0-9a-z-])622848[0-9]{13}(?![0-9a-z])")
PHONE = re.compile(r"(?<![0-9a-z-])139[0-9]{8}(?![0-9a-z])")
NAME = re.compile(f"[{population._SURNAMES}]示[{population._GIVEN}]")
"""Everybody of the synthetic Putuo is called 示 between surname and given name."""
BIRTH = re.compile(r'"birth":\s*"[0-9]{4}-')
PERSON = re.compile(r"p1[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class Way:
    """One route of one service."""

    service: str
    method: str
    route: UnitRoute

    @property
    def op(self) -> str:
        return self.route.operation_id or ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.route.path_format} ({self.op})"

    @property
    def parameters(self) -> list[str]:
        """Names in the path."""
        return [name.partition(":")[0] for name in self.route.param_convertors]

    @property
    def is_list(self) -> bool:
        """Answers with a page."""
        return getattr(self.route.response_model, "__name__", "").startswith("Page[")

    @property
    def takes_body(self) -> bool:
        return self.route.body_field is not None

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def is_public(self) -> bool:
        return not self.route.permit.resource

    def address(self, ids: dict[str, str]) -> str:
        """The path with these ids in it."""
        path = self.route.path_format
        for name in self.parameters:
            path = path.replace(f"{{{name}}}", ids[name]).replace(f"{{{name}:path}}", ids[name])
        return path


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str

    @cached_property
    def body(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    def told(self) -> tuple[int, Any]:
        """The answer without what differs from call to call."""
        if isinstance(self.body, dict):
            return self.status, {key: value for key, value in self.body.items() if key != "traceId"}
        return self.status, self.text


def nowhere(name: str) -> str:
    """An id of the right form that nothing has."""
    if name in ("person_id", "donor_id"):
        return random_person_id()
    return {"code": "330903100999", "task_id": "T99", "parameter": "no.such"}.get(name, uuid7())


@dataclass
class World:
    """The staged suite, its routes, and what the search of the answers has brought up."""

    scene: Scene
    admin: URL
    places: Places
    signer: TokenSigner
    leaks: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    horizon: Horizon = field(default_factory=Horizon)
    _tokens: dict[Who, str] = field(default_factory=dict)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))

    @property
    def ways(self) -> list[Way]:
        """Every route of every service, from the flat lists of the apps."""
        return [
            Way(service, method, route)
            for service, app in self.scene.suite.apps.items()
            for route in app.routes
            if isinstance(route, UnitRoute)
            for method in sorted(route.methods or ())
        ]

    def way(self, op: str) -> Way:
        return next(way for way in self.ways if way.op == op)

    def strangers(self) -> list[str]:
        """Routes that are none of ours: without permission, unit of work and audit."""
        found = []
        for service, app in self.scene.suite.apps.items():
            for route in app.routes:
                path = getattr(route, "path", str(route))
                if isinstance(route, Mount) or (not isinstance(route, UnitRoute) and path not in _PLAIN):
                    found.append(f"{service}: {path}")
        return found

    def may(self, role: Role, way: Way) -> bool:
        """Whether the permission table lets the role through."""
        wanted = way.route.permit
        table = self.scene.suite.apps[way.service].state.edge.permissions
        return way.is_public or bool(table.allows(role, wanted.resource, wanted.verb))

    def allowed(self, way: Way) -> list[Role]:
        return [role for role in ROLES if self.may(role, way)]

    def watchers(self, way: Way, number: int, positions: int) -> list[Who]:
        """Principals to try a route as: each role that may, in so many places; over the roles and routes all places.
        Of persons and houses always oneself, another and nobody."""
        found = []
        for turn, role in enumerate(self.allowed(way)):
            standing = list(self.places.positions(role))
            if role in PEOPLE | HOUSES:
                chosen, standing = standing[:3], standing[3:]
                found += chosen
            start = turn + number
            found += [standing[(start + step) % len(standing)] for step in range(min(positions, len(standing)))]
        return found

    # ── calling ──────────────────────────────────────────────────────────────────────────────────

    def token(self, who: Who) -> str:
        if who not in self._tokens:
            claims = Claims.starting(
                clock.real(),
                account_id=f"rows-{who.role}-{len(self._tokens)}",
                session_id=f"rows-{len(self._tokens)}",
                role=who.role,
                area_code=who.area,
                org_id=who.org,
                person_id=who.person,
            )
            self._tokens[who] = self.signer.issue(claims)
        return self._tokens[who]

    def renew(self) -> None:
        """Tokens live five minutes."""
        self._tokens.clear()

    async def call(
        self, who: Who | None, way: Way, ids: dict[str, str] | None = None, body: Any = None, **query: str
    ) -> Answer:
        """One request straight to the service; the answer is searched for what must not be in it."""
        if way.route.permit.kind == "unmask":
            query = {"reason": "核对", **query}
        address = way.address(ids or {})
        token = self.token(who) if who else ""
        answer = await self.knock(way, address, token, body=body, query=query)
        self.calls[way.op] += 1
        if who is not None and answer.status < 500:
            asked = (
                address
                + json.dumps(query)
                + (body.decode(errors="replace") if isinstance(body, bytes) else json.dumps(body))
            )
            self.leaks += [f"{way.name} as {who}: {leak}" for leak in self._search(who, way, answer, asked)]
        if answer.status >= 500:
            self.leaks.append(f"{way.name} as {who}: {answer.status} {answer.text[:200]}")
        return answer

    async def knock(
        self, way: Way, address: str, token: str, *, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """The bare request, spoken to the app itself: a client in between would cost as much as the answer."""
        is_file = isinstance(body, bytes)
        sent = body if is_file else b"" if body is None else json.dumps(body).encode()
        headers = [(b"host", b"rows"), (b"content-length", str(len(sent)).encode())]
        headers += [(b"content-type", b"application/pdf" if is_file else b"application/json")] if sent else []
        headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": way.method, "scheme": "http",
            "path": address, "raw_path": quote(address).encode(), "root_path": "", "headers": headers,
            "query_string": urlencode(query or {}).encode(), "client": ("127.0.0.1", 1), "server": ("rows", 80),
        }  # fmt: skip
        told: dict[str, Any] = {"body": b""}

        async def receive() -> Any:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
            else:
                told["body"] += message.get("body", b"")

        async with self._gate:
            await self.scene.suite.apps[way.service](scope, receive, send)
        return Answer(told["status"], told["body"].decode(errors="replace"))

    async def settle(self) -> None:
        await self.scene.settle()

    async def all(self, tasks: Iterable[Awaitable[Done]]) -> list[Done]:
        """Many at once, as far as the service has connections."""
        return list(await asyncio.gather(*tasks))

    # ── searching ────────────────────────────────────────────────────────────────────────────────

    def _search(self, who: Who, way: Way, answer: Answer, asked: str) -> Iterable[str]:
        shown = way.route.permit.reveal
        is_list = way.is_list or (isinstance(answer.body, dict) and "items" in answer.body)
        if shown < Grade.L4:
            for what, pattern in (("an ID number", ID_NUMBER), ("a bank card", BANK_CARD)):
                yield from (f"{what}: {hit}" for hit in pattern.findall(answer.text) if hit not in asked)
        if shown < Grade.L3 or is_list:
            for what, pattern in (("a name", NAME), ("a telephone number", PHONE), ("a date of birth", BIRTH)):
                yield from (f"{what} in the clear: {hit}" for hit in pattern.findall(answer.text) if hit not in asked)
        persons = {hit for hit in PERSON.findall(answer.text) if hit not in asked}
        if who.role in ADMINISTRATORS:
            if persons and way.route.permit.resource != AUDIT_LOG:
                yield f"person ids for an administrator: {sorted(persons)[:3]}"
        elif strays := persons - self.horizon.of_principal(who):
            yield f"persons who are not hers: {sorted(strays)[:3]}"

    async def look_around(self) -> None:
        """Learn anew who lives where and belongs to whom."""
        self.horizon = await Horizon.of(self)

    # ── the databases ────────────────────────────────────────────────────────────────────────────

    async def rows(self, service: str, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        return await self.scene.rows(service, sql, **parameters)

    async def oracle(self, service: str, sql: str, **parameters: object) -> list[Row]:
        """Rows of `id, area, org, viewers` past all scopes."""
        found = await self.rows(service, sql, **parameters)
        return [Row(str(row[0]), row[1] or "", row[2] or "", frozenset(filter(None, row[3] or ()))) for row in found]

    @asynccontextmanager
    async def owner(self, service: str) -> AsyncIterator[Any]:
        """A connection of the administrator, for planting faults."""
        name = database_name(self.scene.suite.settings.database_prefix, service)
        engine = create_async_engine(self.admin.set(database=name))
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def ddl(self, service: str, *statements: str) -> None:
        async with self.owner(service) as connection:
            for statement in statements:
                await connection.execute(text(statement))

    async def tables(self, service: str) -> list[str]:
        """All tables that hold what happened; the log of who looked grows by looking."""
        found = await self.rows(
            service,
            "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'kernel')"
            " and c.relkind in ('r', 'p') and c.relname not like 'alembic%' and c.relname not like 'audit%' order by 1",
        )
        return [row[0] for row in found]

    async def fingerprint(self) -> dict[str, str]:
        """A checksum of every table of every service."""
        return {
            f"{service} {table}": digest
            for service in self.scene.suite.apps
            for table in await self.tables(service)
            for ((digest,),) in [
                await self.rows(
                    service, f"select count(*) || '/' || coalesce(sum(hashtextextended(t::text, 0)), 0) from {table} t"
                )
            ]
        }


_PLAIN = {"/health/live", "/health/ready", "/openapi.json"}
