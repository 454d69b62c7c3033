"""One effect and one answer per `Idempotency-Key` (design §10).

Equal calls in flight wait outside the database: first in the process, then, across processes, on a try-lock that
holds no connection while it waits. After two seconds the caller gets 409 `request_in_progress`.
"""

import asyncio
import hashlib
from datetime import timedelta
from types import TracebackType

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request
from starlette.responses import Response

from shared import clock
from shared.db.database import Database
from shared.db.principals import Principal
from shared.db.problems import Conflict, Invalid
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.web.tables import IdempotentAnswer

WAIT_SECONDS = 2.0
KEPT = timedelta(hours=24)

_TRY = text("select pg_try_advisory_xact_lock(7090, hashtext(:key))")
_in_process: dict[tuple[str, str, str], "_Queue"] = {}


class _Queue:
    """Equal calls of this process, one after another."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.calls = 0


class HeldElsewhere(Exception):
    """Another process works on this key; the unit was closed, wait without a connection."""


class InProgress(Conflict):
    code = "request_in_progress"
    detail = "相同的请求正在办理，请稍后查询结果"


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    detail = "同一请求标识（Idempotency-Key）已用于其他内容"


class Claim:
    """This request's hold on its key."""

    def __init__(self, service: str, principal: Principal, key: str, fingerprint: bytes) -> None:
        self._account = principal.account_id
        self._key = key
        self._fingerprint = fingerprint
        self._place = (service, self._account, key)
        self._queue = _in_process.setdefault(self._place, _Queue())
        self._queue.calls += 1
        self._deadline = asyncio.get_running_loop().time() + WAIT_SECONDS

    async def __aenter__(self) -> "Claim":
        try:
            await asyncio.wait_for(self._queue.lock.acquire(), WAIT_SECONDS)
        except TimeoutError:
            self._leave()
            raise InProgress from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.lock.release()
        self._leave()

    def _leave(self) -> None:
        self._queue.calls -= 1
        if self._queue.calls == 0:
            _in_process.pop(self._place, None)

    async def wait(self) -> None:
        """A breath before trying again; `InProgress` when the time is up."""
        if asyncio.get_running_loop().time() > self._deadline:
            raise InProgress
        await asyncio.sleep(0.05)

    async def stored(self, unit: UnitOfWork) -> Response | None:
        """The kept answer, after taking the key's lock for this transaction."""
        if not await unit.connection.scalar(_TRY, {"key": "|".join(self._place)}):
            raise HeldElsewhere
        row = await unit.first(
            select(IdempotentAnswer).where(
                IdempotentAnswer.account_id == self._account,  # type: ignore[arg-type]
                IdempotentAnswer.key == self._key,  # type: ignore[arg-type]
                IdempotentAnswer.created_at > clock.now() - KEPT,  # type: ignore[arg-type]
            )
        )
        if row is None:
            return None
        if row.fingerprint != self._fingerprint:
            raise KeyReused
        body = unit.vault.open_bytes("idempotent_answer", "body", self._row_id, row.body)
        return Response(body, row.status, {"Idempotent-Replay": "true"}, row.content_type)

    async def keep(self, unit: UnitOfWork, response: Response) -> None:
        """Store the answer in the same transaction as the change."""
        values = {
            "account_id": self._account,
            "key": self._key,
            "fingerprint": self._fingerprint,
            "status": response.status_code,
            "content_type": response.headers.get("content-type", ""),
            "body": unit.vault.seal_bytes("idempotent_answer", "body", self._row_id, bytes(response.body)),
            "created_at": unit.now,
        }
        statement = insert(table_of(IdempotentAnswer)).values(**values)
        await unit.execute(statement.on_conflict_do_update(index_elements=["account_id", "key"], set_=values))

    async def keep_refusal(self, database: Database, principal: Principal, response: Response) -> None:
        """Store a business refusal (409, 422) after the rollback."""
        if b"idempotency_key_reused" in bytes(response.body) or b"request_in_progress" in bytes(response.body):
            return
        async with database.unit(principal, "idempotency:refusal") as unit:
            unit.audited = False
            await self.keep(unit, response)

    @property
    def _row_id(self) -> str:
        return f"{self._account}/{self._key}"


async def claim(request: Request, principal: Principal, key: str) -> Claim:
    """Take part in the key. Raises `Invalid` for a malformed key."""
    if not (8 <= len(key) <= 100 and key.isascii() and key.isprintable()):
        raise Invalid("idempotency_key_malformed", "请求标识（Idempotency-Key）应为 8 至 100 个可见字符")
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return Claim(request.app.state.edge.service, principal, key, digest.digest())
