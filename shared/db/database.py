"""A service's connection to its database, and the edge where units open, commit and roll back."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from shared.db import crash
from shared.db.pool import Pool, away
from shared.db.principals import Principal
from shared.db.problems import Conflict, Invalid, Problem, Unavailable
from shared.db.unit import Sealer, UnitOfWork
from shared.observability import metrics

Finisher = Callable[[UnitOfWork], Awaitable[None]]
Result = TypeVar("Result")

_RETRIED = {"40001", "40P01"}
_AWAY = ("08", "53", "57P")
_conflicts: dict[str, type[Problem]] = {}


def on_constraint(name: str, problem: type[Problem]) -> None:
    """Say which refusal a broken constraint means: the net below the lock (design §4, Conflicts)."""
    _conflicts[name] = problem


def _cause(error: BaseException) -> BaseException:
    """The driver's error, out of SQLAlchemy's wrapping where there is one."""
    original = getattr(error, "orig", None)
    return (original.__cause__ or original) if original else error


def sqlstate(error: BaseException) -> str:
    """SQLSTATE of a driver error, '' if there is none."""
    return str(getattr(_cause(error), "sqlstate", "") or "")


def as_problem(error: BaseException) -> Problem | None:
    """The refusal a database error stands for, or None for a fault of ours."""
    if isinstance(error, Problem):
        return error
    if not isinstance(error, DBAPIError | asyncpg.PostgresError | asyncpg.InterfaceError):
        return None
    cause, state = _cause(error), sqlstate(error)
    if state.startswith("23"):
        return _constraint_problem(cause, state)
    if state == "55P03":
        return Conflict("row_locked", "该记录正在被他人办理，请稍后再试")
    if state in _RETRIED:
        return Conflict("try_again", "办理人数较多，请稍后再试")
    if state == "57014":
        return Unavailable("too_slow", "查询超时，请缩小范围后再试", headers={"Retry-After": "5"})
    if state.startswith("22") or type(cause).__name__ == "DataError":
        return Invalid("invalid_value", "提交的内容中有无法保存的值")
    is_closed = getattr(error, "connection_invalidated", False) or "connection is closed" in str(cause)
    return away() if is_closed or state.startswith(_AWAY) else None


def _constraint_problem(cause: BaseException, state: str) -> Problem:
    name = str(getattr(cause, "constraint_name", "") or "")
    if name in _conflicts:
        return _conflicts[name]()
    if state in ("23505", "23P01"):
        return Conflict(re.sub(r"^(uq|ex|pk)_", "duplicate_", name) or "duplicate", "相同的记录已经存在")
    if state == "23503":
        return Conflict("missing_reference", "所引用的记录不存在")
    return Invalid(name or "constraint", "提交的内容不符合要求")


class Database:
    """Two small pools (requests; events and jobs) of one service's own database."""

    def __init__(
        self,
        service: str,
        url: URL,
        *,
        vault: Sealer,
        api_connections: int = 8,
        worker_connections: int = 2,
        wait_seconds: float = 5.0,
        finishers: Sequence[Finisher] = (),
    ) -> None:
        self.service = service
        self.url = url
        self.vault = vault
        self.finishers = list(finishers)
        self.after_commit: list[Callable[[UnitOfWork], None]] = []
        self._api, self._worker = (
            Pool(url, f"{service}-{name}", size, seconds, metrics.POOL_WAIT.labels(service, name))
            for name, size, seconds in (("api", api_connections, wait_seconds), ("worker", worker_connections, 60.0))
        )

    @asynccontextmanager
    async def unit(
        self, principal: Principal, name: str, *, worker: bool = False, trace_id: str = ""
    ) -> AsyncIterator[UnitOfWork]:
        """Open, let the caller work, then write events and audit row and commit; roll back on any error."""
        async with (self._worker if worker else self._api).line() as line:
            unit = UnitOfWork(
                line.connection,
                line.driver,
                principal,
                service=self.service,
                name=name,
                vault=self.vault,
                trace_id=trace_id,
            )
            try:
                await unit.open()
                yield unit
                await unit.flush()
                for finish in self.finishers:
                    await finish(unit)
                crash.reached(f"{name}:before_commit")
                await unit.commit()
            except BaseException:
                unit.forget()
                await line.roll_back()
                raise
            crash.reached(f"{name}:after_commit")
        for wake in self.after_commit:
            wake(unit)

    async def run(
        self,
        principal: Principal,
        name: str,
        work: Callable[[UnitOfWork], Awaitable[Result]],
        *,
        worker: bool = True,
    ) -> Result:
        """`work(unit)` in its own unit, tried again (3 times in all) on deadlock or serialisation failure."""
        for attempt in range(3):
            try:
                async with self.unit(principal, name, worker=worker) as unit:
                    return await work(unit)
            except Exception as error:
                if sqlstate(error) not in _RETRIED or attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def check_login(self) -> None:
        """Refuse a login that could see past the policies: owner, superuser, BYPASSRLS or own grants."""
        async with self._api.line() as line:
            faults = [row[0] for row in await line.driver.fetch(_LOGIN_FAULTS)]
        if faults:
            raise RuntimeError(f"{self.service}: refusing to start, the database login is too powerful: {faults}")

    async def ping(self) -> None:
        """One round trip; raises when the database is away."""
        async with self._api.line() as line:
            await line.driver.execute("select 1")

    async def close(self) -> None:
        """Close both pools."""
        await self._api.close()
        await self._worker.close()


_LOGIN_FAULTS = """
select 'superuser' from pg_roles where rolname = current_user and rolsuper
union all select 'bypasses row security' from pg_roles where rolname = current_user and rolbypassrls
union all select 'inherits' from pg_roles where rolname = current_user and rolinherit
union all select 'owns ' || c.relname from pg_class c join pg_roles r on r.oid = c.relowner
    where r.rolname = current_user and c.relkind in ('r', 'p', 'v', 'm')
union all select 'may read ' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'kernel') and c.relkind in ('r', 'p', 'v', 'm')
    and has_table_privilege(current_user, c.oid, 'select, insert, update, delete')
    and exists (select 1 from aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
        where r.rolname = current_user)
"""
