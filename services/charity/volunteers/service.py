"""Registering, leaving, closing for a death."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text, update
from sqlmodel import col

from services.charity.people import service as people
from services.charity.volunteers.tables import Volunteer
from shared import effects
from shared.db.problems import Conflict, NotFound
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect

__all__ = ["Volunteer"]

CLOSE = "close_volunteer"

_FOLLOW = text(
    "update volunteer v set is_stopped = exists (select from kernel.effect e where e.object_kind = 'volunteer'"
    " and e.object_id = v.person_id and e.kind = 'close_volunteer' and e.annulled_at is null)"
    " where v.person_id = :person_id"
)


class AlreadyVolunteer(Conflict):
    code = "already_volunteer"
    detail = "该人员已登记为志愿者"


class NotVolunteer(Conflict):
    code = "volunteer_closed"
    detail = "该志愿者账户已关闭"


def is_open(volunteer: Volunteer) -> bool:
    """May be asked to help."""
    return volunteer.left_on is None and not volunteer.is_stopped


async def register(unit: UnitOfWork, person_id: str) -> Volunteer:
    """Open an account for a living person of the caller's rows, or open it again for one who had left."""
    person = await unit.get(people.Person, person_id, lock=True)
    if person.is_deceased:
        raise people.PersonDeceased
    volunteer = await unit.session.get(Volunteer, person_id)
    if volunteer is None:
        volunteer = Volunteer(person_id=person_id, area_code=person.area_code, registered_on=unit.today)
        unit.add(volunteer)
    elif is_open(volunteer):
        raise AlreadyVolunteer
    else:
        volunteer.registered_on, volunteer.left_on = unit.today, None
    await unit.flush()
    return volunteer


async def add_many(unit: UnitOfWork, person_ids: Sequence[str], registered_on: date) -> None:
    """Open accounts for known people in one statement (seed)."""
    known = await people.lock(unit, person_ids)
    rows = [
        {
            "person_id": person.person_id,
            "area_code": person.area_code,
            "registered_on": registered_on,
            "left_on": None,
            "is_stopped": False,
        }
        for person in known.values()
    ]
    if rows:
        await unit.enter(Volunteer, rows, skip_known=True)


async def leave(unit: UnitOfWork, person_id: str) -> Volunteer:
    """Close an account on the volunteer's wish."""
    volunteer = await unit.session.get(Volunteer, person_id, with_for_update=True, populate_existing=True)
    if volunteer is None:
        raise NotFound
    if not is_open(volunteer):
        raise NotVolunteer
    volunteer.left_on = unit.today
    await unit.flush()
    return volunteer


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The account follows the person."""
    await unit.execute(update(Volunteer).where(col(Volunteer.person_id) == person_id).values(area_code=area_code))


async def close_for_death(unit: UnitOfWork, person_id: str, case_id: str, died_on: date) -> bool:
    """Close the account of the dead person; False when she has no open one. Her row lock is held."""
    volunteer = await unit.session.get(Volunteer, person_id, with_for_update=True, populate_existing=True)
    if volunteer is None or volunteer.left_on is not None:
        return False
    await effects.record(
        unit,
        cause=case_id,
        kind=CLOSE,
        object_kind="volunteer",
        object_id=person_id,
        person_id=person_id,
        area_code=volunteer.area_code,
        from_date=died_on,
    )
    await unit.execute(_FOLLOW, {"person_id": person_id})
    return True


async def release(unit: UnitOfWork, person_id: str, annulled: Sequence[Effect]) -> bool:
    """Open the account again whose closing was annulled; False when there was none."""
    if not any(effect.kind == CLOSE for effect in annulled):
        return False
    await unit.execute(_FOLLOW, {"person_id": person_id})
    return True
