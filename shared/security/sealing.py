"""The sealer: each second it chains finished audit rows into a block, and signs the chain's end once a day."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from shared.clock import to_business_date
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.security.keys import SigningKeys
from shared.security.seal import Block, Root, export_lines, seal_block, sign_root
from shared.security.tables import AuditBlock, AuditRoot, AuditRow

_CLAIM = text("select pg_try_advisory_xact_lock(7091, 0)")
# rows of transactions that may still be running stay for the next round
_HORIZON = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_IS_DUE = """
select exists (select 1 from kernel.audit where tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    and tx >= coalesce((select below_tx from kernel.audit_block order by number desc limit 1), 0))
"""
_ROWS_A_BLOCK = 2000
_AUDIT = table_of(AuditRow)


class Sealing:
    """Seals one service's audit log."""

    batch = _ROWS_A_BLOCK // 2  # a full block ends with a whole transaction

    def __init__(self, database: Database, keys: SigningKeys) -> None:
        self._database = database
        self._keys = keys
        self._who = system_principal(f"{database.service}.sealer")
        self._signed_before: date | None = None  # this day, all that was to be signed is

    async def work(self) -> int:
        """One block; returns the number of rows sealed (0: nothing to do)."""
        async with self._database.unit(self._who, f"{self._database.service}.seal", worker=True) as unit:
            unit.audited = False
            is_due = self._signed_before != unit.today or await unit.driver.fetchval(_IS_DUE)
            if not is_due or not await unit.connection.scalar(_CLAIM):
                return 0
            last = await unit.first(select(AuditBlock).order_by(col(AuditBlock.number).desc()).limit(1))
            await self._sign_yesterday(unit, last)
            self._signed_before = unit.today
            horizon = int(await unit.connection.scalar(_HORIZON) or 0)
            rows, below = await _unsealed(unit, last, horizon)
            if not rows:
                return 0
            block = seal_block(Block.from_json(last.content) if last else None, rows)
            values = {
                "number": block.number,
                "below_tx": below,
                "sealed_at": unit.now,
                "content": block.as_json(),
                "digest": block.digest,
            }
            await unit.connection.execute(insert(AuditBlock).values(**values))
        return len(rows)

    async def _sign_yesterday(self, unit: UnitOfWork, last: AuditBlock | None) -> None:
        """The first look of a new day signs the end of the day before."""
        if last is None:
            return
        day = to_business_date(last.sealed_at)
        if day >= unit.today or await unit.first(select(AuditRoot).where(col(AuditRoot.day) >= day)):
            return
        root = sign_root(day, Block.from_json(last.content), self._keys)
        await unit.connection.execute(insert(AuditRoot).values(day=day, content=root.as_json()))


async def _unsealed(unit: UnitOfWork, last: AuditBlock | None, horizon: int) -> tuple[list[dict[str, Any]], int]:
    """Rows from the last block's end up to the horizon, whole transactions only, in order of (tx, id)."""
    start = last.below_tx if last else 0
    tx = col(AuditRow.tx)
    statement = (
        select_columns(_AUDIT)
        .where(tx >= start, tx < horizon)
        .order_by(tx, _AUDIT.c.id.collate("C"))
        .limit(_ROWS_A_BLOCK + 1)
    )
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    below = horizon
    if len(rows) > _ROWS_A_BLOCK:
        below = rows[-1]["tx"]
        whole = [row for row in rows if row["tx"] < below]
        if not whole:  # one transaction fills the block by itself: it is sealed whole
            below += 1
            large = select_columns(_AUDIT).where(_AUDIT.c.tx == below - 1).order_by(_AUDIT.c.id.collate("C"))
            whole = [dict(row) for row in (await unit.connection.execute(large)).mappings()]
        rows = whole
    return [as_sealed(row) for row in rows], below


def as_sealed(row: dict[str, Any]) -> dict[str, Any]:
    """The JSON form a row is sealed and exported in: instants as ISO text in UTC."""
    return {**row, "at": row["at"].isoformat()}


async def export(unit: UnitOfWork) -> AsyncIterator[str]:
    """The audit log as the verifier reads it, line by line."""
    statement = select_columns(_AUDIT).order_by(_AUDIT.c.tx, _AUDIT.c.id.collate("C"))
    rows = [as_sealed(dict(row)) for row in (await unit.connection.execute(statement)).mappings()]
    blocks = [
        Block.from_json(block.content) for block in await unit.all(select(AuditBlock).order_by(col(AuditBlock.number)))
    ]
    roots = [Root.from_json(root.content) for root in await unit.all(select(AuditRoot).order_by(col(AuditRoot.day)))]
    for line in export_lines(rows, blocks, roots):
        yield line
