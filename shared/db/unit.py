"""The unit of work: one transaction per request, event or job (design §4).

It carries the session, the principal, the events to send and the audit note. Nothing inside a room commits:
the edge that opened the unit does, so the change, its events and its audit row are one transaction.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy import Executable, Result, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel

from shared import clock
from shared.db.entering import enter
from shared.db.kept import Driver, Kept
from shared.db.principals import Principal, Scope
from shared.db.problems import Conflict, NotFound, Unauthorised
from shared.db.tables import table_of

Row = TypeVar("Row", bound=SQLModel)

_OPEN = (
    "begin; select kernel.refuse_revoked('{session}'), set_config('role', '{role}', true),"
    " set_config('puyou.lo', '{lo}', true), set_config('puyou.hi', '{hi}', true),"
    " set_config('puyou.org', '{org}', true), set_config('puyou.person', '{person}', true),"
    " set_config('puyou.account', '{account}', true)"
)
_PLAIN = re.compile(r"[A-Za-z0-9:._-]*")
_REVOKED = "PU401"
_SWITCH = "select set_config('role', $1, true)"


def quote_literal(value: str) -> str:
    """A text as an expression of SQL, for the simple protocol, which has no parameters. It travels in hexadecimal
    digits: among them there is no quote, whoever wrote it and however the server reads backslashes."""
    return f"convert_from(decode('{value.encode().hex()}', 'hex'), 'utf8')"


class Emitted(Protocol):
    """What the events room needs to know of an event; see `shared.events.contract.Event`."""

    @classmethod
    def event_type(cls) -> str: ...


class Sealer(Protocol):
    """The service's field encryption; see `shared.security.vault.Vault`."""

    def seal(self, table: Any, field: str, row_id: str, text: str) -> bytes: ...
    def open(self, table: Any, field: str, row_id: str, blob: bytes) -> str: ...
    def index(self, field: str, text: str) -> bytes: ...
    def indexes(self, field: str, text: str) -> list[bytes]: ...
    def seal_bytes(self, table: Any, field: str, row_id: str, data: bytes) -> bytes: ...
    def open_bytes(self, table: Any, field: str, row_id: str, blob: bytes) -> bytes: ...


@dataclass(slots=True)
class Pending:
    """An event waiting for its commit."""

    event: Any
    subject: str | None
    area_code: str
    causation_id: str | None
    trace_id: str


@dataclass(slots=True)
class Note:
    """What the audit row of this unit says beyond who, when and which route."""

    action: str = ""
    subjects: list[str] = field(default_factory=list)
    case_id: str = ""
    purpose: str = ""
    reason: str = ""
    grade: str = ""
    count: int | None = None
    outcome: str = "done"
    code: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class UnitOfWork:
    """One open transaction under one principal's rows."""

    def __init__(
        self,
        connection: AsyncConnection,
        driver: Driver,
        principal: Principal,
        *,
        service: str,
        name: str,
        vault: Sealer,
        trace_id: str = "",
    ) -> None:
        self.connection = connection
        self.driver = driver
        self._session: AsyncSession | None = None
        self.principal = principal
        self.vault = vault
        self.service = service
        self.name = name
        self.trace_id = trace_id
        self.now: datetime = clock.now()
        self.if_match: frozenset[str] | None = None
        self.emitted: list[Pending] = []
        self.wakes: set[str] = set()  # standing loops with new work once this has committed
        self.audit = Note(action=name)
        self.audited = True
        self.notes: list[Note] = []
        self._closing = "commit"
        self.causation_id: str | None = None
        self._elevations = 0

    @property
    def today(self) -> date:
        """The business date of this unit in Asia/Shanghai."""
        return clock.to_business_date(self.now)

    @property
    def session(self) -> AsyncSession:
        """The ORM session of this transaction; made when a room first asks for it."""
        if self._session is None:
            self._session = AsyncSession(bind=self.connection, expire_on_commit=False, autoflush=True)
        return self._session

    def say_at_last(self, statement: str) -> None:
        """Say this in one breath with the commit: no round trip of its own. Values go through `quote_literal`."""
        self._closing = f"{statement}; {self._closing}"

    async def open(self) -> None:
        """Begin, and take on the principal's row scope; one round trip, in the simple protocol, which has no
        parameters: so only plain ids are let in. Raises `Unauthorised` for a revoked session."""
        who = self.principal
        facts = {
            "session": who.session_id,
            "role": who.scope.value,
            "lo": who.lo,
            "hi": who.hi,
            "org": who.org_id,
            "person": who.person_id,
            "account": who.account_id,
        }
        if not all(map(_PLAIN.fullmatch, facts.values())):
            raise Unauthorised("token_invalid", "登录凭证无效，请重新登录")
        try:
            await self.driver.execute(_OPEN.format_map(facts))
        except asyncpg.PostgresError as error:
            if error.sqlstate == _REVOKED:
                raise Unauthorised("session_revoked", "登录已失效，请重新登录") from None
            raise

    async def commit(self) -> None:
        """Send the last statements and commit, in one round trip; where one of them fails, nothing is committed."""
        await self.driver.execute(self._closing)

    def forget(self) -> None:
        """Let go of objects whose transaction has failed."""
        if self._session is not None:
            self._session.expunge_all()

    async def execute(
        self, statement: Executable, params: Mapping[str, Any] | Sequence[Any] | None = None
    ) -> Result[Any]:
        """Run any statement under this unit's rows."""
        return await self.session.execute(statement, params)

    async def get(self, model: type[Row], row_id: str, *, lock: bool = False) -> Row:
        """The row, or `NotFound` when it is absent or out of scope. `lock` takes the row lock first."""
        row = await self.session.get(model, row_id, with_for_update=lock or None, populate_existing=lock)
        if row is None:
            raise NotFound
        return row

    async def fetch(self, kept: Kept, values: Mapping[str, Any]) -> list[Any]:
        """All rows of a kept statement; what the session still holds is sent first."""
        await self.flush()
        return await kept.rows(self.driver, values)

    async def rows(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a statement over columns, past the ORM; what the session still holds is sent first."""
        await self.flush()
        return (await self.connection.execute(statement, params)).all()

    async def first(self, statement: Any) -> Any:
        """The first row's first column (or entity), or None."""
        return (await self.session.execute(statement)).scalars().first()

    async def all(self, statement: Any) -> list[Any]:
        """All rows' first column (or entity)."""
        return list((await self.session.execute(statement)).scalars().all())

    async def lock(self, model: type[Row], row_ids: Sequence[str]) -> list[Row]:
        """Lock rows smallest id first, so that two units never wait for each other in a ring."""
        key = model.__mapper__.primary_key[0]  # type: ignore[attr-defined]
        statement = select(model).where(key.in_(sorted(set(row_ids)))).order_by(key).with_for_update()
        return await self.all(statement.execution_options(populate_existing=True))

    async def enter(
        self,
        model: type[SQLModel],
        rows: Sequence[Mapping[str, Any]],
        *,
        skip_known: bool = False,
        renew: Sequence[str] = (),
    ) -> None:
        """Insert many rows in one statement, in their order; all name the same columns, and there are no defaults.
        Rows whose key is there are left out (`skip_known`), or renew the columns named, or are an error."""
        await self.flush()
        await enter(self.driver, table_of(model), rows, skip_known=skip_known, renew=renew)

    def add(self, row: SQLModel) -> None:
        """Insert at the next flush."""
        self.session.add(row)

    async def flush(self) -> None:
        """Send pending inserts and updates now, so that constraints speak here."""
        if self._session is not None:
            await self._session.flush()

    def emit(
        self, event: Emitted, *, area_code: str, subject: str | None = None, causation_id: str | None = None
    ) -> None:
        """Put an event into this transaction's outbox. Hold the subject's row lock: order follows commits."""
        self.wakes.add("relay")
        self.emitted.append(Pending(event, subject, area_code, causation_id or self.causation_id, self.trace_id))

    def note(self, *, subjects: Sequence[str] = (), count: int | None = None, **fields: Any) -> None:
        """Add to this unit's audit row: case_id, purpose, reason, detail={…}."""
        self.audit.subjects.extend(subject for subject in subjects if subject not in self.audit.subjects)
        if count is not None:
            self.audit.count = count
        self.audit.detail.update(fields.pop("detail", {}))
        for key, value in fields.items():
            setattr(self.audit, key, value)

    def begin_part(self, action: str, *, case_id: str = "") -> None:
        """Start one event's share of a batch: it gets an audit row of its own."""
        self.audit = Note(action=action, case_id=case_id)

    async def end_part(self) -> None:
        """Close the share; its changes are sent now so that its errors are its own."""
        await self.flush()
        self.notes.append(self.audit)

    def expect_version(self, version: int) -> None:
        """Refuse when the caller's `If-Match` names another version of the row."""
        if self.if_match is not None and str(version) not in self.if_match:
            raise Conflict("version_changed", "记录已被他人修改，请刷新后再试")

    @asynccontextmanager
    async def elevated(self, reason: str) -> AsyncIterator[None]:
        """A named system verb inside this unit: rows outside the caller's scope, said in the audit row. Nests."""
        await self.flush()
        switches = self._elevations == 0 and self.principal.scope is not Scope.SYSTEM
        if switches:
            await self.driver.execute(_SWITCH, Scope.SYSTEM.value)
        self._elevations += 1
        self.audit.detail.setdefault("elevated", []).append(reason)
        is_lost = False
        try:
            yield
            await self.flush()
        except (DBAPIError, asyncpg.PostgresError):
            is_lost = True  # the transaction has failed: it can only be rolled back, and the role with it
            raise
        finally:
            self._elevations -= 1
            if switches and not is_lost and self.session.is_active:
                await self.driver.execute(_SWITCH, self.principal.scope.value)
