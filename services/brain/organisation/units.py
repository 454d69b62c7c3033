"""Units: founding, changing and closing them from a day on. Runs under the system's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, select

from services.brain.organisation.codes import UnitKind
from services.brain.organisation.tables import OrgUnit, Post, UnitPeriod
from shared.china import areas
from shared.contracts.brain import OrgChanged
from shared.db.database import on_constraint
from shared.db.problems import Conflict, Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7


class UnitExists(Conflict):
    code = "unit_exists"
    detail = "该单位已存在"


class UnitPlanned(Conflict):
    code = "unit_change_planned"
    detail = "该单位在此日期当日或之后已有变更"


class UnitInUse(Conflict):
    code = "unit_in_use"
    detail = "该单位仍有下级单位或在任人员，不能撤销"


class WrongParent(Invalid):
    code = "wrong_parent"
    detail = "上级单位在该日期不存在，或其区划不包含本单位"


on_constraint("pk_org_unit", UnitExists)
on_constraint("ex_unit_period", UnitPlanned)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUnit:
    """A unit to found. Its level is that of its area; `unit_id` is given where another service knows it already."""

    name: str
    kind: UnitKind
    area_code: str
    parent_id: str | None = None
    from_date: date
    unit_id: str = ""


async def found_units(unit: UnitOfWork, new: Sequence[NewUnit]) -> list[str]:
    """Found units, parents before children; returns their ids in the same order."""
    ids = [one.unit_id or uuid7() for one in new]
    founded = dict(zip(ids, new, strict=True))
    known = {one.parent_id for one in new if one.parent_id and one.parent_id not in founded}
    parents = {
        period.unit_id: period
        for period in await unit.all(
            select(UnitPeriod).where(col(UnitPeriod.unit_id).in_(known)).order_by(col(UnitPeriod.valid_from))
        )
    }
    periods = []
    for unit_id, one in founded.items():
        if one.parent_id:
            above = founded.get(one.parent_id) or parents.get(one.parent_id)
            if above is None or not areas.covers(above.area_code, one.area_code):
                raise WrongParent(field="parentId")
        periods.append(_period(unit_id, one))
    if not ids:
        return ids
    await unit.enter(OrgUnit, [{"id": unit_id, "version": 1} for unit_id in ids])
    await unit.enter(UnitPeriod, periods)
    for unit_id, one in founded.items():
        _tell(unit, unit_id, "founded", one.from_date, 1, one.area_code)
    return ids


async def found_unit(unit: UnitOfWork, new: NewUnit) -> str:
    """Found one unit; its id."""
    if new.parent_id:
        await _check_parent(unit, new.parent_id, new.area_code, new.from_date)
    return (await found_units(unit, [new]))[0]


async def change_unit(
    unit: UnitOfWork,
    unit_id: str,
    from_date: date,
    *,
    name: str | None = None,
    parent_id: str | None = None,
    area_code: str | None = None,
) -> UnitPeriod:
    """Rename or move a unit from a day on. Raises `UnitPlanned`, `WrongParent`, `NotFound`."""
    head, now = await _locked(unit, unit_id, from_date)
    area_code = area_code or now.area_code
    parent_id = parent_id or now.parent_id
    if parent_id:
        if parent_id == unit_id:
            raise WrongParent(field="parentId")
        await _check_parent(unit, parent_id, area_code, from_date)
    now.valid_to = from_date
    await unit.flush()
    after = UnitPeriod(
        id=uuid7(),
        unit_id=unit_id,
        name=name or now.name,
        kind=now.kind,
        level=min(areas.level(area_code), 5),
        parent_id=parent_id,
        area_code=area_code,
        valid_from=from_date,
    )
    unit.add(after)
    head.version += 1
    _tell(unit, unit_id, "changed", from_date, head.version, area_code)
    await unit.flush()
    return after


async def close_unit(unit: UnitOfWork, unit_id: str, from_date: date) -> UnitPeriod:
    """The unit is no more from a day on. Raises `UnitInUse` while it has children or posts after that day."""
    head, now = await _locked(unit, unit_id, from_date)
    children = select(UnitPeriod.id).where(
        col(UnitPeriod.parent_id) == unit_id, _after(col(UnitPeriod.valid_to), from_date)
    )
    posts = select(Post.id).where(col(Post.unit_id) == unit_id, _after(col(Post.valid_to), from_date))
    if await unit.first(children) or await unit.first(posts):
        raise UnitInUse
    now.valid_to = from_date
    head.version += 1
    _tell(unit, unit_id, "closed", from_date, head.version, now.area_code)
    await unit.flush()
    return now


def units_on(day: date) -> Any:
    """The statement that lists the units of a day."""
    return select(UnitPeriod).where(col(UnitPeriod.valid_from) <= day, _after(col(UnitPeriod.valid_to), day))


async def unit_on(unit: UnitOfWork, unit_id: str, day: date) -> UnitPeriod:
    """A unit as it was on a day, or `NotFound`."""
    found: UnitPeriod | None = await unit.first(units_on(day).where(col(UnitPeriod.unit_id) == unit_id))
    if found is None:
        raise NotFound
    return found


def _period(unit_id: str, one: NewUnit) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "unit_id": unit_id,
        "name": one.name,
        "kind": one.kind.value,
        "level": min(areas.level(one.area_code), 5),
        "parent_id": one.parent_id,
        "area_code": areas.full(one.area_code),
        "valid_from": one.from_date,
    }


async def _locked(unit: UnitOfWork, unit_id: str, from_date: date) -> tuple[OrgUnit, UnitPeriod]:
    """The unit's head under lock and its last period, which a change on this day may end."""
    head = await unit.get(OrgUnit, unit_id, lock=True)
    unit.expect_version(head.version)
    last = select(UnitPeriod).where(col(UnitPeriod.unit_id) == unit_id).order_by(col(UnitPeriod.valid_from).desc())
    now: UnitPeriod = await unit.first(last.limit(1))
    if now.valid_to is not None or now.valid_from >= from_date:
        raise UnitPlanned
    return head, now


async def _check_parent(unit: UnitOfWork, parent_id: str, area_code: str, day: date) -> None:
    above: UnitPeriod | None = await unit.first(units_on(day).where(col(UnitPeriod.unit_id) == parent_id))
    if above is None or not areas.covers(above.area_code, area_code):
        raise WrongParent(field="parentId")


def _after(valid_to: Any, day: date) -> Any:
    return or_(valid_to.is_(None), valid_to > day)


def _tell(unit: UnitOfWork, unit_id: str, change: str, from_date: date, version: int, area_code: str) -> None:
    unit.emit(OrgChanged(unit_id=unit_id, change=change, from_date=from_date, version=version), area_code=area_code)
