"""What the other rooms and the routes do with elders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.eldercare.elders.relatives import Kin, adopt_relatives, is_relative, relate, relatives_of, unrelate
from services.eldercare.elders.rules import age_on, birthday, born_by
from services.eldercare.elders.tables import Elder, Relative, Younger
from services.eldercare.law import in_force
from shared import effects
from shared.db.problems import Conflict
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork

__all__ = ["Elder", "Kin", "NewElder", "Relative", "age_on", "is_relative", "relate", "relatives_of", "unrelate"]


_DEATH = "death"
"""Effect: a case says she is dead."""


class ElderDeceased(Conflict):
    code = "elder_deceased"
    detail = "该老人已登记死亡，不能办理"


@dataclass(frozen=True, slots=True)
class NewElder:
    """An elder as the bulk entry takes her; text in the clear, it is sealed here."""

    person_id: str
    area_code: str
    birth: date
    sex: int = 0
    name: str = ""
    phone: str = ""
    living: str = "OTHER"
    ability_level: int | None = None
    ability_on: date | None = None
    has_dementia: bool = False
    relief_class: str = ""
    is_special_family: bool = False
    is_islander_with_medical_need: bool = False
    org_id: str = ""


# ── entering and following people ────────────────────────────────────────────────────────────────


async def add_many(unit: UnitOfWork, elders: Sequence[NewElder]) -> None:
    """Enter elders in one statement; the ones already known are filled with what is given."""
    if not elders:
        return
    plain = ("person_id", "area_code", "birth", "sex", "living", "ability_level", "ability_on", "has_dementia")
    classes = ("relief_class", "is_special_family", "is_islander_with_medical_need", "org_id")
    rows = [
        {name: getattr(elder, name) for name in (*plain, *classes)}
        | {
            "name": unit.vault.seal(Elder, "name", elder.person_id, elder.name) if elder.name else None,
            "phone": unit.vault.seal(Elder, "phone", elder.person_id, elder.phone) if elder.phone else None,
            "life_status": "ALIVE",
            "person_version": 0,
            "created_at": unit.now,
        }
        for elder in elders
    ]
    kept = ("person_id", "life_status", "person_version", "created_at")
    await unit.enter(Elder, rows, renew=[column for column in rows[0] if column not in kept])
    await adopt_relatives(unit)


async def enter(unit: UnitOfWork, person_id: str, area_code: str, birth: date, sex: int) -> None:
    """A person has a file now: an elder, or someone who will become one. Again changes nothing."""
    age = in_force(unit.today, area_code).whole("elders.age")
    values: dict[str, Any] = {"person_id": person_id, "area_code": area_code, "birth": birth, "sex": sex}
    if birthday(birth, age) <= unit.today:
        new = insert(table_of(Elder)).values(**values, **_EMPTY, created_at=unit.now)
        await unit.execute(new.on_conflict_do_nothing())
        await adopt_relatives(unit, person_id)
    else:
        await unit.execute(insert(table_of(Younger)).values(**values).on_conflict_do_nothing())


_EMPTY = {
    "org_id": "",
    "living": "OTHER",
    "has_dementia": False,
    "relief_class": "",
    "is_special_family": False,
    "is_islander_with_medical_need": False,
    "life_status": "ALIVE",
    "person_version": 0,
}

_GROW = text(
    "with grown as (delete from younger where birth <= :born_by returning *)"
    " insert into elder (person_id, area_code, org_id, birth, sex, living, has_dementia, relief_class,"
    " is_special_family, is_islander_with_medical_need, life_status, person_version, death_case_id, death_date,"
    " created_at) select person_id, area_code, '', birth, sex, 'OTHER', false, '', false, false, 'ALIVE', 0,"
    " death_case_id, death_date, :now from grown on conflict (person_id) do nothing"
)


async def welcome_new_elders(unit: UnitOfWork) -> int:
    """Everyone who has reached elder age by today becomes an elder; how many."""
    age = in_force(unit.today, "330000000000").whole("elders.age")
    done = await unit.execute(_GROW, {"born_by": born_by(unit.today, age), "now": unit.now})
    await adopt_relatives(unit)
    return int(done.rowcount)  # type: ignore[attr-defined]


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The registered area changed: the elder's rows of this room follow."""
    for model in (Elder, Younger, Relative):
        table = table_of(model)
        await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))


async def refresh(unit: UnitOfWork, person_id: str, version: int, life_status: str | None) -> None:
    """Take over the copy of the person file unless a newer one was seen."""
    table = table_of(Elder)
    newer = update(table).where(table.c.person_id == person_id, table.c.person_version < version)
    status = {"life_status": life_status} if life_status else {}
    await unit.execute(newer.values(person_version=version, **status))


# ── one elder ────────────────────────────────────────────────────────────────────────────────────


async def find(unit: UnitOfWork, person_id: str, *, lock: bool = False) -> Elder | None:
    """The elder, None where this service has none."""
    return await unit.session.get(Elder, person_id, with_for_update=lock or None, populate_existing=lock)


async def living(unit: UnitOfWork, person_id: str) -> Elder:
    """The elder, locked; NotFound, or ElderDeceased."""
    elder = await unit.get(Elder, person_id, lock=True)
    if not is_alive(elder):
        raise ElderDeceased
    return elder


def is_alive(elder: Elder) -> bool:
    """Neither our own reaction nor the person file says she is dead."""
    return elder.death_case_id is None and elder.life_status != "DECEASED"


def name_of(unit: UnitOfWork, elder: Elder) -> str:
    """The name in the clear, '' where none was taken in."""
    return unit.vault.open(Elder, "name", elder.person_id, elder.name) if elder.name else ""


def phone_of(unit: UnitOfWork, elder: Elder) -> str:
    """The number in the clear, '' where none was taken in."""
    return unit.vault.open(Elder, "phone", elder.person_id, elder.phone) if elder.phone else ""


async def change(unit: UnitOfWork, person_id: str, changes: dict[str, Any]) -> Elder:
    """Local collection: set the given facts of an elder."""
    elder = await unit.get(Elder, person_id, lock=True)
    for name, value in changes.items():
        sealed = name in ("name", "phone")
        setattr(elder, name, unit.vault.seal(Elder, name, person_id, value) if sealed else value)
    await unit.flush()
    return elder


# ── death ────────────────────────────────────────────────────────────────────────────────────────


async def mark_dead(unit: UnitOfWork, person_id: str, case_id: str, death_date: date) -> Elder | None:
    """Her death is confirmed by this case. Of several cases the first stands on her file, all of them count.
    None when she is no elder of ours."""
    younger = table_of(Younger)
    await unit.execute(
        update(younger)
        .where(younger.c.person_id == person_id, younger.c.death_case_id.is_(None))
        .values(death_case_id=case_id, death_date=death_date)
    )
    elder = await find(unit, person_id, lock=True)
    if elder is None:
        return None
    await effects.record(
        unit,
        cause=case_id,
        kind=_DEATH,
        object_kind="elder",
        object_id=person_id,
        person_id=person_id,
        area_code=elder.area_code,
        org_id=elder.org_id,
        from_date=death_date,
    )
    if elder.death_case_id is None:
        elder.death_case_id, elder.death_date, elder.death_noted_at = case_id, death_date, unit.now
        await unit.flush()
    return elder


async def is_marked_dead(unit: UnitOfWork, person_id: str, case_id: str) -> bool:
    """Whether this very case was heard before."""
    return any(one.cause == case_id for one in await effects.live(unit, "elder", person_id) if one.kind == _DEATH)


async def unmark_dead(unit: UnitOfWork, person_id: str, case_id: str) -> Elder | None:
    """The case was withdrawn and its effects annulled; another case that still lives takes its place."""
    younger = table_of(Younger)
    await unit.execute(
        update(younger)
        .where(younger.c.person_id == person_id, younger.c.death_case_id == case_id)
        .values(death_case_id=None, death_date=None)
    )
    elder = await find(unit, person_id, lock=True)
    if elder is not None and elder.death_case_id == case_id:
        others = [one for one in await effects.live(unit, "elder", person_id) if one.kind == _DEATH]
        other = others[0] if others else None
        elder.death_case_id = other.cause if other else None
        elder.death_date = other.from_date if other else None
        elder.death_noted_at = other.created_at if other else None
        await unit.flush()
    return elder


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


def living_elders() -> Any:
    """The condition of `is_alive`, for statements."""
    return (col(Elder.death_case_id).is_(None)) & (col(Elder.life_status) != "DECEASED")


def listing(
    today: date,
    *,
    living_arrangement: str | None = None,
    min_age: int | None = None,
    min_level: int | None = None,
    has_dementia: bool | None = None,
    relief_class: str | None = None,
    is_living: bool | None = None,
) -> Select[Any]:
    """Elders by the declared filters; rows come from the caller's scope."""
    statement = select(Elder)
    if living_arrangement is not None:
        statement = statement.where(col(Elder.living) == living_arrangement)
    if min_age is not None:
        statement = statement.where(col(Elder.birth) <= born_by(today, min_age))
    if min_level is not None:
        statement = statement.where(col(Elder.ability_level) >= min_level)
    if has_dementia is not None:
        statement = statement.where(col(Elder.has_dementia) == has_dementia)
    if relief_class is not None:
        statement = statement.where(col(Elder.relief_class) == relief_class)
    if is_living is not None:
        dead = or_(col(Elder.death_case_id).is_not(None), col(Elder.life_status) == "DECEASED")
        statement = statement.where(~dead if is_living else dead)
    return statement


async def count_living(unit: UnitOfWork) -> int:
    """Living elders among the caller's rows."""
    return int(await unit.session.scalar(select(func.count()).select_from(Elder).where(living_elders())) or 0)
