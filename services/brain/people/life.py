"""Life status as the live effects of confirmed deaths say, and the marital status of who is left behind.

Runs under the system's rows; lock all files of a case first (`lock_people`), smallest id first.
"""

from datetime import date
from typing import Literal

from sqlmodel import col, select

from services.brain.people.codes import LifeStatus, MaritalStatus
from services.brain.people.service import updated
from services.brain.people.tables import Person
from shared import effects
from shared.db.unit import UnitOfWork
from shared.effects import Annulled
from shared.effects.tables import Effect

DECEASED = "deceased"
"""The effect's kind on a person; its payload is `{deathDate}`."""

MARITAL_STATUS = "person.marital_status"
"""The object kind of a survivor's changed status."""

Widowing = Literal["changed", "said_already", "contradicts", "dead", "no_file"]


async def declare_dead(unit: UnitOfWork, person_id: str, *, cause: str, death_date: date) -> str | None:
    """The person is dead by this case; her area code, None when she has no file."""
    person = await unit.session.get(Person, person_id)
    if person is None:
        return None
    await effects.record(
        unit,
        cause=cause,
        kind=DECEASED,
        object_kind="person",
        object_id=person.id,
        person_id=person.id,
        area_code=person.area_code,
        from_date=death_date,
        payload={"deathDate": death_date.isoformat()},
    )
    await _follow_effects(unit, person)
    return person.area_code


async def widow(unit: UnitOfWork, survivor_id: str, *, cause: str) -> Widowing:
    """丧偶 (GB/T 2261.2: 30), unless the file says something a human must look at."""
    survivor = await unit.session.get(Person, survivor_id)
    if survivor is None:
        return "no_file"
    if survivor.life_status == LifeStatus.DECEASED:
        return "dead"
    status = MaritalStatus(survivor.marital_status)
    if status is MaritalStatus.WIDOWED:
        return "said_already"
    if not (status.is_married or status is MaritalStatus.NOT_STATED):
        return "contradicts"
    await effects.change(
        unit,
        survivor,
        "marital_status",
        MaritalStatus.WIDOWED.value,
        cause=cause,
        person_id=survivor.id,
        area_code=survivor.area_code,
    )
    await updated(unit, survivor, ["marital_status"])
    return "changed"


async def withdraw_death(unit: UnitOfWork, cause: str) -> Annulled:
    """Annul the case's effects: lives and marital statuses as if it had never been, where nobody changed them since."""
    touched = set(await unit.all(select(Effect.person_id).where(col(Effect.cause) == cause)))
    people: list[Person] = await unit.lock(Person, sorted(touched))
    before = {person.id: person.marital_status for person in people}
    annulled = await effects.annul(unit, cause, Person)
    for person in people:
        await _follow_effects(unit, person)
        if person.marital_status != before[person.id]:
            await updated(unit, person, ["marital_status"])
    return annulled


async def cause_of_death(unit: UnitOfWork, person_id: str) -> str | None:
    """The case that holds a person dead; None for the living."""
    causes = [effect.cause for effect in await effects.live(unit, "person", person_id) if effect.kind == DECEASED]
    return causes[0] if causes else None


async def _follow_effects(unit: UnitOfWork, person: Person) -> None:
    """Bring the file in line with the live effects: another case may still hold her dead."""
    dates = [
        date.fromisoformat(effect.payload["deathDate"])
        for effect in await effects.live(unit, "person", person.id)
        if effect.kind == DECEASED
    ]
    death_date = min(dates, default=None)
    if person.death_date != death_date:
        person.death_date = death_date
        person.life_status = (LifeStatus.ALIVE if death_date is None else LifeStatus.DECEASED).value
        await updated(unit, person, ["life_status"])
