"""The evaluation of all families: a run a night, a key range a transaction, each one leading to the next. What has
been interrupted goes on where it stopped."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.relief.warnings.evaluating import alone, evaluate
from services.relief.warnings.raising import follow_up
from services.relief.warnings.tables import WarningRun
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7

RANGE = 20_000
"""Families evaluated in one transaction; whoever touches a warning meanwhile waits for it."""
NEXT = "relief.warnings"
"""Timer: the next key range of a run."""

_RANGE = text("""
    select min(id) as first, max(id) as upto from (
        select id from household where id > :reached order by id limit :size
    ) part
""")


async def start(unit: UnitOfWork, day: date) -> WarningRun:
    """Begin the run of a day, unless one is under way. Runs under the system's rows."""
    row = {
        "id": uuid7(),
        "day": day,
        "started_at": unit.now,
        "started_by": unit.principal.account_id,
        "reached": "",
        "ranges": 0,
        "families": 0,
        "changes": 0,
        "calls": 0,
    }
    await unit.execute(insert(table_of(WarningRun)).values(row).on_conflict_do_nothing())
    mine = select(WarningRun).where(col(WarningRun.day) == day, col(WarningRun.ended_at).is_(None))
    run: WarningRun = await unit.first(mine)
    await _lead_on(unit, run)
    return run


async def reached(unit: UnitOfWork, run_id: str) -> str:
    """The last family a run has evaluated."""
    return (await unit.get(WarningRun, run_id, lock=True)).reached


async def go_on(unit: UnitOfWork, run_id: str, *, size: int = RANGE) -> WarningRun:
    """Evaluate the next key range of a run, and lead on to the one after it. A run whose day has gone, with a newer
    one begun, ends here."""
    run = await unit.get(WarningRun, run_id, lock=True)
    if run.ended_at is not None:
        return run
    newer = select(WarningRun).where(col(WarningRun.day) > run.day).limit(1)
    part = (await unit.execute(_RANGE, {"reached": run.reached, "size": size})).one()
    if part.upto is None or await unit.first(newer) is not None:
        run.ended_at = unit.now
        await unit.flush()
        return run
    await alone(unit)
    done = await evaluate(unit, part.first, part.upto, run.day)
    run.calls += await follow_up(unit, done.moved, run.day, reason="每日评估")
    run.families += done.families
    run.changes += done.changes
    run.reached, run.ranges = part.upto, run.ranges + 1
    await unit.flush()
    await _lead_on(unit, run)
    return run


async def _lead_on(unit: UnitOfWork, run: WarningRun) -> None:
    await set_timer(unit, NEXT, f"{run.id}/{run.ranges}", unit.now, {"run": run.id})


def runs_listing() -> Select[Any]:
    """All runs."""
    return select(WarningRun)
