"""Planning visits and recording that they took place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.relief.households.reading import has_living, live
from services.relief.households.service import Household
from services.relief.law import in_force
from services.relief.visits.rules import VisitDone
from services.relief.visits.tables import Visit
from shared import effects
from shared.db.problems import NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.ids import uuid7

__all__ = ["Visit"]

HOUSEHOLD, VISIT = "household", "condolence_visit"
"""Effect on a household: a visit is planned. It stands while somebody is left to be visited."""


async def plan_condolence(unit: UnitOfWork, household: Household, *, cause: str, person_id: str) -> None:
    """Call on the family of the dead within the limit. Planning again for the same cause changes nothing."""
    days = in_force(unit.today, household.area_code).whole("reviews.condolence_visit")
    due_on = unit.today + timedelta(days=days)
    row = {
        "id": uuid7(),
        "household_id": household.id,
        "area_code": household.area_code,
        "kind": "CONDOLENCE",
        "cause": cause,
        "person_id": person_id,
        "state": "PLANNED",
        "planned_at": unit.now,
        "window_from": unit.today,
        "due_on": due_on,
        "helper_id": "",
        "met": "",
        "remote_reason": "",
        "answered": 0,
        "needs": [],
        "faults": [],
        "done_by": "",
        "remark": "",
        "version": 1,
    }
    await unit.execute(insert(table_of(Visit)).values(row).on_conflict_do_nothing())
    await effects.record(
        unit,
        cause=cause,
        kind=VISIT,
        object_kind=HOUSEHOLD,
        object_id=household.id,
        person_id=person_id,
        area_code=household.area_code,
        from_date=due_on,
    )


async def complete(unit: UnitOfWork, visit_id: str, remark: str) -> Visit:
    """It took place. Raises NotFound where its cause was withdrawn, VisitDone."""
    await unit.get(Visit, visit_id, lock=True)
    visit: Visit | None = await unit.first(select(Visit).where(col(Visit.id) == visit_id, stands()))
    if visit is None:
        raise NotFound
    if visit.done_at is not None:
        raise VisitDone
    visit.state = "COUNTED"
    visit.done_at, visit.done_by, visit.remark = unit.now, unit.principal.account_id, remark
    await unit.flush()
    return visit


def stands() -> Any:
    """SQL condition: its cause was not withdrawn."""
    planned = select(Effect).where(
        *live(HOUSEHOLD, VISIT),
        col(Effect.object_id) == col(Visit.household_id),
        col(Effect.cause) == col(Visit.cause),
    )
    return planned.exists()


def listing(unit: UnitOfWork, *, household_id: str | None = None, is_done: bool | None = None) -> Select[Any]:
    """Visits of the caller's rows that stand: their cause too, and somebody is left to be visited."""
    somebody = has_living(col(Visit.household_id), unit.today)
    statement = select(Visit).where(stands(), somebody | col(Visit.done_at).is_not(None))
    if household_id is not None:
        statement = statement.where(col(Visit.household_id) == household_id)
    if is_done is not None:
        done = col(Visit.done_at)
        statement = statement.where(done.is_not(None) if is_done else done.is_(None))
    return statement
