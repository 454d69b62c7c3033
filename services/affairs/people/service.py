"""Following people, and what the other rooms ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.affairs.people.tables import Kin, OtherId, Person
from shared.db.problems import Forbidden
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork

__all__ = ["Kin", "NewKin", "NewPerson", "Person"]


class CloseRelative(Forbidden):
    """A close relative of the dead may not handle the case (domain §1.3; CC 1045)."""

    code = "close_relative"
    detail = "您是当事人的近亲属，应当回避，不能办理本案"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person as the bulk entry takes her."""

    person_id: str
    area_code: str
    birth: date | None = None
    sex: int = 0
    life_status: str = "ALIVE"


@dataclass(frozen=True, slots=True)
class NewKin:
    """`relative_id` is `kind` of `person_id`; the other side is a row of its own."""

    person_id: str
    relative_id: str
    kind: str


# ── following brain ──────────────────────────────────────────────────────────────────────────────

_PLACE_KIN = text(
    "update kin k set area_code = p.area_code from person p where p.person_id = k.person_id"
    " and k.area_code <> p.area_code and (cast(:ids as text[]) is null or k.person_id = any(:ids))"
)


async def add_many(unit: UnitOfWork, people: Sequence[NewPerson]) -> None:
    """Enter people, one statement for all; known ones take on area, birth and sex. Runs in a system unit."""
    if not people:
        return
    rows = [
        {
            "person_id": person.person_id,
            "area_code": person.area_code,
            "birth": person.birth,
            "sex": person.sex,
            "life_status": person.life_status,
            "version": 0,
        }
        for person in people
    ]
    await unit.enter(Person, rows, renew=("area_code", "birth", "sex"))
    await unit.execute(_PLACE_KIN, {"ids": [person.person_id for person in people] if len(people) < 1000 else None})


async def relate_many(unit: UnitOfWork, kin: Sequence[NewKin]) -> None:
    """Enter relations, each side as given. Runs in a system unit."""
    if not kin:
        return
    rows = [
        {"person_id": one.person_id, "relative_id": one.relative_id, "kind": one.kind, "area_code": ""} for one in kin
    ]
    await unit.enter(Kin, rows, renew=("kind",))
    await unit.execute(_PLACE_KIN, {"ids": [one.person_id for one in kin] if len(kin) < 1000 else None})


async def unrelate(unit: UnitOfWork, person_id: str, relative_id: str) -> None:
    """The relation ended."""
    await unit.execute(delete(Kin).where(col(Kin.person_id) == person_id, col(Kin.relative_id) == relative_id))


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The registered area changed."""
    for model in (Person, Kin):
        table = table_of(model)
        await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))


async def refresh(unit: UnitOfWork, person_id: str, version: int, life_status: str | None) -> None:
    """Take over what the person file says unless a newer word was heard."""
    values: dict[str, Any] = {"version": version} | ({"life_status": life_status} if life_status else {})
    newer = update(Person).where(col(Person.person_id) == person_id, col(Person.version) < version)
    await unit.execute(newer.values(**values))


async def merge(unit: UnitOfWork, keep_id: str, drop_id: str) -> None:
    """The dropped id leads to the kept one from now on."""
    await unit.execute(update(OtherId).where(col(OtherId.person_id) == drop_id).values(person_id=keep_id))
    new = insert(table_of(OtherId)).values(alias_id=drop_id, person_id=keep_id)
    await unit.execute(new.on_conflict_do_nothing())


async def ensure(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """Someone spoke of a person before her registration was heard: place her. Runs in a system unit."""
    new = insert(table_of(Person)).values(
        person_id=person_id, area_code=area_code, sex=0, life_status="ALIVE", version=0
    )
    await unit.execute(new.on_conflict_do_nothing())


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


async def resolve(unit: UnitOfWork, person_id: str) -> str:
    """The id that counts."""
    kept: str | None = await unit.first(select(col(OtherId.person_id)).where(col(OtherId.alias_id) == person_id))
    return kept or person_id


async def locked(unit: UnitOfWork, person_id: str) -> Person:
    """The person under lock; NotFound outside the caller's rows."""
    return await unit.get(Person, person_id, lock=True)


async def relatives_of(unit: UnitOfWork, person_id: str) -> list[Kin]:
    """The close relatives of a person."""
    return await unit.all(select(Kin).where(col(Kin.person_id) == person_id).order_by(col(Kin.relative_id)))


async def is_relative(unit: UnitOfWork, person_id: str, relative_id: str) -> bool:
    """Whether the one is a close relative of the other."""
    found = select(col(Kin.kind)).where(col(Kin.person_id) == person_id, col(Kin.relative_id) == relative_id)
    return bool(await unit.first(found))


async def refuse_relatives(unit: UnitOfWork, person_id: str) -> None:
    """Raise `CloseRelative` when the caller is the person's close relative, or the person herself.

    Looked up beyond the caller's rows: a person who has moved away takes her relations with her.
    """
    own = unit.principal.person_id
    if not own:
        return
    async with unit.elevated("close-relative rule"):
        is_one = own == person_id or await is_relative(unit, person_id, own)
    if is_one:
        raise CloseRelative


async def family_facts(unit: UnitOfWork, person_id: str, on: date) -> dict[str, bool]:
    """The facts of a matter our copy can tell for a death on this day: is_child, married, has_minor_children.

    What it cannot tell is left out: the definition says what is assumed then. Children of whom only the relation is
    known, or none at all, say nothing.
    """
    person = await unit.session.get(Person, person_id)
    facts: dict[str, bool] = {}
    if person is not None and person.birth is not None:
        facts["is_child"] = not _is_adult(person.birth, on)
    kin = await relatives_of(unit, person_id)
    spouses = [one.relative_id for one in kin if one.kind == "SPOUSE"]
    children = [one.relative_id for one in kin if one.kind == "CHILD"]
    known: list[Person] = await unit.all(select(Person).where(col(Person.person_id).in_([*spouses, *children])))
    living = [one for one in known if one.life_status == "ALIVE"]
    if any(one.person_id in spouses for one in living):
        facts["married"] = True
    births = [one.birth for one in known if one.person_id in children]
    minors = [birth is not None and not _is_adult(birth, on) for birth in births]
    if any(minors):
        facts["has_minor_children"] = True
    elif children and len(births) == len(children) and None not in births:
        facts["has_minor_children"] = False
    return facts


def _is_adult(birth: date, on: date) -> bool:
    """Eighteen completed years (CC 17); born on 29 February: on 1 March."""
    return (on.year - birth.year, on.month, on.day) >= (18, birth.month, birth.day)
