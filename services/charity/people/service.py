"""Who is known, where she lives, whether she lives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text, update
from sqlmodel import col

from services.charity.people.tables import Person
from shared import effects
from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork

__all__ = ["NewPerson", "Person", "PersonDeceased"]

DECEASED = "deceased"


class PersonDeceased(Conflict):
    code = "person_deceased"
    detail = "该人员已登记死亡，不能办理"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person as the bulk entry takes her."""

    person_id: str
    area_code: str
    birth: date


# Who was declared dead before we heard of her is dead from the start.
_FOLLOW = text(
    "update person p set is_deceased = not p.is_deceased"
    " where p.person_id = any(:people) and p.is_deceased <> exists (select from kernel.effect e"
    " where e.object_kind = 'person' and e.object_id = p.person_id and e.kind = 'deceased' and e.annulled_at is null)"
)


async def add_many(unit: UnitOfWork, people: Iterable[NewPerson]) -> None:
    """Enter people in one statement; those already known stay as they are. Needs the system's rows."""
    rows = [
        {"person_id": p.person_id, "area_code": p.area_code, "birth": p.birth, "is_deceased": False} for p in people
    ]
    if rows:
        await unit.enter(Person, rows, skip_known=True)
        await follow_life(unit, [str(row["person_id"]) for row in rows])


async def follow_life(unit: UnitOfWork, people: list[str]) -> None:
    """Make `is_deceased` say what the live effects say. Needs the system's rows."""
    await unit.flush()
    await unit.execute(_FOLLOW, {"people": people})


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """She is registered elsewhere now."""
    await unit.execute(update(Person).where(col(Person.person_id) == person_id).values(area_code=area_code))


async def find(unit: UnitOfWork, person_id: str) -> Person | None:
    """The person, None when she is unknown or outside the caller's rows."""
    return await unit.session.get(Person, person_id)


async def lock(unit: UnitOfWork, person_ids: Iterable[str]) -> dict[str, Person]:
    """Lock those known among the caller's rows, smallest id first."""
    found: list[Person] = await unit.lock(Person, list(person_ids))
    return {person.person_id: person for person in found}


async def record_death(unit: UnitOfWork, person_id: str, *, case_id: str, died_on: date, area_code: str) -> None:
    """The effect all others rest on: this person is dead. Known or not, a later entry finds it."""
    await effects.record(
        unit,
        cause=case_id,
        kind=DECEASED,
        object_kind="person",
        object_id=person_id,
        person_id=person_id,
        area_code=area_code,
        from_date=died_on,
    )
    await follow_life(unit, [person_id])
