"""Time limits of applications on the calendar of working days (§2.5): warned at 70 %, overdue, escalated, each once.

A limit is a row; its timer only says when to look again. What pauses it moves its end by the working days it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.relief.applications.tables import Application, ApplicationLimit
from services.relief.law import in_force
from shared import clock
from shared.china import working_days
from shared.china.working_days import Unit
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7

TIMER = "relief.application-limit"

ESCALATED_TO = {"TOWN": "TOWN_LEADER", "DISTRICT": "DISTRICT_DIRECTOR"}


async def start(
    unit: UnitOfWork, application: Application, step: str, *, as_of: datetime | None = None, law: str = ""
) -> ApplicationLimit:
    """Begin a limit of a locked application now, or as of an earlier instant. `law` names the row of the parameter
    where it is not the step's own (an objection about 特困 has more time)."""
    amount, kind, owner = _law(unit, application, law or step)
    begun = as_of or unit.now
    found = working_days.deadline(begun, amount, kind)
    limit = ApplicationLimit(
        id=uuid7(),
        application_id=application.id,
        area_code=application.area_code,
        step=step,
        owner=owner,
        amount=amount,
        unit=kind.value,
        started_at=begun,
        due_on=found.date,
        due_at=found.at,
        warn_at=found.warn_at,
        is_provisional=found.provisional,
    )
    unit.add(limit)
    await unit.flush()
    await _wake(unit, limit)
    return limit


async def change(unit: UnitOfWork, application: Application, step: str, law: str) -> None:
    """A running limit gets another length, from the same beginning (a delegated case, a hard one)."""
    for limit in await _open(unit, application.id, [step]):
        limit.amount, kind, limit.owner = _law(unit, application, law)
        limit.unit = kind.value
        await _count_again(unit, limit)


async def meet(unit: UnitOfWork, application: Application, *steps: str) -> None:
    """What they were for is done; without steps all that run."""
    for limit in await _open(unit, application.id, steps):
        limit.met_at = unit.now
    await unit.flush()


async def pause(unit: UnitOfWork, application: Application, *steps: str) -> None:
    """Stand still."""
    for limit in await _open(unit, application.id, steps):
        if limit.paused_at is None:
            limit.paused_at = unit.now
    await unit.flush()


async def resume(unit: UnitOfWork, application: Application, *steps: str) -> None:
    """Go on; the end moves by the working days in between."""
    for limit in await _open(unit, application.id, steps):
        if limit.paused_at is not None:
            limit.stood += working_days.count(clock.to_business_date(limit.paused_at), unit.today)
            limit.paused_at = None
            await _count_again(unit, limit)


async def look(unit: UnitOfWork, limit_id: str) -> str:
    """The timer has gone off: "warned", "overdue", or "" where there is nothing to say."""
    limit = await unit.get(ApplicationLimit, limit_id, lock=True)
    if limit.met_at is not None or limit.paused_at is not None:
        return ""
    said = ""
    if unit.now >= limit.due_at:
        if limit.overdue_at is None:
            limit.overdue_at, limit.escalated_to, said = unit.now, ESCALATED_TO[limit.owner], "overdue"
    else:
        if unit.now >= limit.warn_at and limit.warned_at is None:
            limit.warned_at, said = unit.now, "warned"
        await _wake(unit, limit)
    await unit.flush()
    return said


async def refresh_provisional(unit: UnitOfWork, most: int = 500) -> int:
    """Count anew what rests on a year whose holidays are published by now; how many ends have moved or are sure."""
    open_ones = select(ApplicationLimit).where(
        col(ApplicationLimit.is_provisional), col(ApplicationLimit.met_at).is_(None)
    )
    changed = 0
    for limit in await unit.all(open_ones.order_by(col(ApplicationLimit.id)).limit(most).with_for_update()):
        found = working_days.deadline(limit.started_at, limit.amount, Unit(limit.unit))
        if not found.provisional:
            await _count_again(unit, limit)
            changed += 1
    return changed


def listing(*, application_id: str | None = None, state: str | None = None) -> Select[Any]:
    """Limits of the caller's rows: `running` ones, among them those `warned` of and `overdue`; else all."""
    statement = select(ApplicationLimit)
    if application_id is not None:
        statement = statement.where(col(ApplicationLimit.application_id) == application_id)
    if state is not None:
        statement = statement.where(col(ApplicationLimit.met_at).is_(None))
    if state == "warned":
        statement = statement.where(col(ApplicationLimit.warned_at).is_not(None))
    if state == "overdue":
        statement = statement.where(col(ApplicationLimit.overdue_at).is_not(None))
    return statement


def _law(unit: UnitOfWork, application: Application, step: str) -> tuple[int, Unit, str]:
    row = in_force(unit.today, application.area_code).table("applications.limits").row("step", step)
    if row is None:
        raise LookupError(f"no limit for {step}")
    return int(row["amount"]), Unit(str(row["unit"])), str(row["owner"])


async def _open(unit: UnitOfWork, application_id: str, steps: Sequence[str]) -> list[ApplicationLimit]:
    statement = select(ApplicationLimit).where(
        col(ApplicationLimit.application_id) == application_id, col(ApplicationLimit.met_at).is_(None)
    )
    if steps:
        statement = statement.where(col(ApplicationLimit.step).in_(steps))
    return await unit.all(statement.order_by(col(ApplicationLimit.id)))


async def _count_again(unit: UnitOfWork, limit: ApplicationLimit) -> None:
    found = working_days.deadline(limit.started_at, limit.amount, Unit(limit.unit))
    moved = working_days.add(found.date, limit.stood).date
    shift = moved - found.date
    limit.due_on, limit.due_at, limit.warn_at = moved, clock.start_of_day(moved + timedelta(days=1)), found.warn_at
    limit.warn_at += shift
    limit.is_provisional = found.provisional
    await unit.flush()
    await _wake(unit, limit)


async def _wake(unit: UnitOfWork, limit: ApplicationLimit) -> None:
    """Look again when there will be something to say."""
    at = limit.warn_at if limit.warned_at is None else limit.due_at
    limit.timers += 1
    await unit.flush()
    await set_timer(unit, TIMER, f"{limit.id}/{limit.timers}", at, {"limit": limit.id})
