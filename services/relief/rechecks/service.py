"""Asking for a re-check, doing it, and noticing that it was not done in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.relief.benefits import service as benefits
from services.relief.benefits.service import CASE, RECHECK, BenefitCase, Change
from services.relief.households import service as households
from services.relief.households.reading import live
from services.relief.law import in_force
from services.relief.rechecks.rules import EffectiveMonth, last_day
from services.relief.rechecks.tables import Recheck
from shared import clock, effects
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.events import set_timer
from shared.ids import uuid7
from shared.payments import after, month_of

__all__ = ["Recheck"]

OVERDUE = "relief.recheck"
"""Timer: the limit of a re-check is over."""


async def ask(unit: UnitOfWork, case: BenefitCase, *, cause: str, person_id: str) -> Recheck:
    """A re-check of a case within the limit (N22), with its timer. Asking again for the same cause changes nothing."""
    months = in_force(unit.today, case.area_code).whole("reviews.after_death")
    row = {
        "id": uuid7(),
        "case_id": case.id,
        "household_id": case.household_id,
        "area_code": case.area_code,
        "cause": cause,
        "person_id": person_id,
        "asked_at": unit.now,
        "due_on": last_day(unit.today, months),
        "done_by": "",
        "remark": "",
    }
    await unit.execute(insert(table_of(Recheck)).values(row).on_conflict_do_nothing())
    mine = select(Recheck).where(col(Recheck.case_id) == case.id, col(Recheck.cause) == cause)
    recheck: Recheck = await unit.first(mine)
    await effects.record(
        unit,
        cause=cause,
        kind=RECHECK,
        object_kind=CASE,
        object_id=case.id,
        person_id=person_id,
        area_code=case.area_code,
        from_date=recheck.due_on,
        payload={"recheckId": recheck.id},
    )
    await set_timer(unit, OVERDUE, recheck.id, clock.start_of_day(recheck.due_on + timedelta(days=1)))
    return recheck


@dataclass(frozen=True, slots=True)
class Done:
    """What a re-check led to."""

    change: Change
    decision_id: str


async def do(unit: UnitOfWork, case_id: str, monthly_income_fen: int, effective: date, remark: str) -> Done:
    """The family was looked at again: its income from a month on, divided by those who live; the decision is kept and
    everything asked for so far is answered. Raises CaseClosed, EffectiveMonth."""
    case = await benefits.locked(unit, case_id)
    household = await households.lock(unit, case.household_id)
    month = month_of(effective)
    if not case.from_month <= month <= after(unit.today):
        raise EffectiveMonth(field="effectiveMonth")
    async with benefits.adjusting(unit, household, month, "家庭复核") as changes:
        decided = await benefits.decide_with(unit, case, month, monthly_income_fen)
        decision_id = decided[1] if decided else ""
        income = await households.record_income(
            unit, household, month, monthly_income_fen, source="RECHECK", decision_id=decision_id, remark=remark
        )
        await _answer(unit, case, income.seq, remark)
    return Done(next(change for change in changes if change.case.id == case_id), decision_id)


async def _answer(unit: UnitOfWork, case: BenefitCase, income_seq: int | None, remark: str) -> None:
    open_ones = select(Recheck).where(col(Recheck.case_id) == case.id, col(Recheck.done_at).is_(None), is_asked())
    for recheck in await unit.all(open_ones):
        recheck.done_at, recheck.done_by = unit.now, unit.principal.account_id
        recheck.income_seq, recheck.remark = income_seq, remark
        case.answered = [*case.answered, recheck.cause]
    case.version += 1
    await unit.flush()


async def notice_overdue(unit: UnitOfWork, recheck_id: str) -> bool:
    """The limit is over: mark it where it is still asked for and not done."""
    recheck: Recheck | None = await unit.first(
        select(Recheck).where(col(Recheck.id) == recheck_id, col(Recheck.done_at).is_(None), is_asked())
    )
    if recheck is None:
        return False
    recheck.overdue_at = unit.now
    await unit.flush()
    return True


def is_asked() -> Any:
    """SQL condition: its cause was not withdrawn."""
    asked = select(Effect).where(
        *live(CASE, RECHECK),
        col(Effect.object_id) == col(Recheck.case_id),
        col(Effect.cause) == col(Recheck.cause),
    )
    return asked.exists()


def listing(*, case_id: str | None = None, is_done: bool | None = None) -> Select[Any]:
    """Re-checks of the caller's rows whose cause stands."""
    statement = select(Recheck).where(is_asked())
    if case_id is not None:
        statement = statement.where(col(Recheck.case_id) == case_id)
    if is_done is not None:
        done = col(Recheck.done_at)
        statement = statement.where(done.is_not(None) if is_done else done.is_(None))
    return statement
