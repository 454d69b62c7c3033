"""Relating people and ending relations. Runs under the system's rows: the two sides may live in two areas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import col, select

from services.brain.kinship.rules import Kind, other_side
from services.brain.kinship.tables import Kinship
from services.brain.people.codes import LifeStatus
from services.brain.people.service import lock_people
from services.brain.people.sight import see_family, unsee_family
from shared.contracts.brain import KinshipChanged
from shared.db.database import on_constraint
from shared.db.problems import Conflict, Invalid
from shared.db.unit import UnitOfWork
from shared.ids import uuid7


class AlreadyRelated(Conflict):
    code = "already_related"
    detail = "两人之间已登记有亲属关系"


class HasSpouse(Conflict):
    code = "has_spouse"
    detail = "一方已有在世的配偶"


class RelationEnded(Conflict):
    code = "relation_ended"
    detail = "该亲属关系已经终止"


on_constraint("uq_kinship_open", AlreadyRelated)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKinship:
    """`relative_id` is `kind` of `person_id`."""

    person_id: str
    relative_id: str
    kind: Kind
    from_date: date


async def relate(unit: UnitOfWork, new: NewKinship) -> Kinship:
    """Relate two people; the row as the person sees it.

    Raises `AlreadyRelated`, `HasSpouse`; Invalid when one has no file or the date cannot be. A marriage that death
    has ended is closed when the survivor marries again.
    """
    if new.person_id == new.relative_id:
        raise Invalid("related_to_oneself", "不能与本人建立亲属关系", field="relativeId")
    people = await lock_people(unit, [new.person_id, new.relative_id])
    if new.relative_id not in people or new.person_id not in people:
        raise Invalid("person_not_found", "没有找到该人员的档案", field="relativeId")
    if not max(person.birth for person in people.values()) <= new.from_date <= unit.today:
        raise Invalid("relation_date", "起始日期应在双方出生之后、今天之前（含今天）", field="fromDate")
    open_one = select(Kinship.id).where(
        col(Kinship.person_id) == new.person_id,
        col(Kinship.relative_id) == new.relative_id,
        col(Kinship.to_date).is_(None),
    )
    if await unit.first(open_one):
        raise AlreadyRelated
    if new.kind is Kind.SPOUSE:
        await _end_widowed_marriages(unit, new)
    ids = await relate_many(unit, [new], {person_id: person.area_code for person_id, person in people.items()})
    return await unit.get(Kinship, ids[0])


async def relate_many(unit: UnitOfWork, new: Sequence[NewKinship], areas: dict[str, str]) -> list[str]:
    """Relate people, set-based (loading); `areas` gives each person's area code. Ids of the persons' own rows."""
    rows: list[dict[str, Any]] = []
    ids = []
    for one in new:
        there, back = uuid7(), uuid7()
        ids.append(there)
        rows += [
            _row(there, back, one.person_id, one.relative_id, one.kind, one.from_date, areas),
            _row(back, there, one.relative_id, one.person_id, other_side(one.kind), one.from_date, areas),
        ]
    if not rows:
        return ids
    await unit.enter(Kinship, rows)
    await see_family(unit, [(row["person_id"], row["relative_id"]) for row in rows])
    for row in rows:
        _tell(unit, row)
    return ids


async def end_relation(unit: UnitOfWork, relation_id: str, to_date: date) -> Kinship:
    """Both sides end on a day; they no longer see what is meant for the family. Raises `RelationEnded`."""
    own = await unit.get(Kinship, relation_id)
    rows = {row.id: row for row in await unit.lock(Kinship, [own.id, own.mirror_id])}
    own = rows[relation_id]
    unit.expect_version(own.version)
    if own.to_date is not None:
        raise RelationEnded
    if not own.from_date <= to_date <= unit.today:
        raise Invalid("relation_date", "终止日期应在起始日期之后、今天之前（含今天）", field="toDate")
    for row in rows.values():
        row.to_date = to_date
        row.version += 1
        _tell(unit, row.model_dump())
        await unsee_family(unit, row.person_id, row.relative_id)
    await unit.flush()
    return own


async def follow_area(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The person moved: her rows move with her."""
    await unit.execute(update(Kinship).where(col(Kinship.person_id) == person_id).values(area_code=area_code))


async def spouses_of(unit: UnitOfWork, person_ids: Sequence[str], day: date) -> list[str]:
    """Persons married on a day to the one with these ids (one, or a register to be put right)."""
    return await unit.all(
        select(Kinship.relative_id)
        .where(
            col(Kinship.person_id).in_(person_ids),
            col(Kinship.kind) == Kind.SPOUSE.value,
            col(Kinship.from_date) <= day,
            or_(col(Kinship.to_date).is_(None), col(Kinship.to_date) > day),
        )
        .order_by(col(Kinship.relative_id))
    )


def kin_of(person_ids: Sequence[str]) -> Any:
    """The statement that lists the relations under any of a person's ids."""
    return select(Kinship).where(col(Kinship.person_id).in_(person_ids))


async def _end_widowed_marriages(unit: UnitOfWork, new: NewKinship) -> None:
    statement = select(Kinship).where(
        col(Kinship.person_id).in_([new.person_id, new.relative_id]),
        col(Kinship.kind) == Kind.SPOUSE.value,
        col(Kinship.to_date).is_(None),
    )
    open_ones: list[Kinship] = await unit.all(statement.order_by(col(Kinship.id)))
    former = await lock_people(unit, [one.relative_id for one in open_ones])
    for one in open_ones:
        dead = former.get(one.relative_id)
        if dead is None or dead.life_status != LifeStatus.DECEASED or dead.death_date is None:
            raise HasSpouse
        await end_relation(unit, one.id, max(dead.death_date, one.from_date))


def _row(
    row_id: str, mirror_id: str, person_id: str, relative_id: str, kind: Kind, from_date: date, areas: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": row_id,
        "mirror_id": mirror_id,
        "person_id": person_id,
        "relative_id": relative_id,
        "kind": kind.value,
        "area_code": areas[person_id],
        "from_date": from_date,
        "to_date": None,
        "version": 1,
    }


def _tell(unit: UnitOfWork, row: Mapping[str, Any]) -> None:
    event = KinshipChanged(
        relation_id=row["id"],
        person_id=row["person_id"],
        relative_id=row["relative_id"],
        kind=row["kind"],
        from_date=row["from_date"],
        to_date=row["to_date"],
        version=row["version"],
    )
    unit.emit(event, area_code=row["area_code"])
