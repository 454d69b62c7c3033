"""Reading divisions as of a day, and loading them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, select

from services.brain.areas.codes import AreaKind, Island
from services.brain.areas.tables import Area
from shared.china import areas
from shared.db.database import on_constraint
from shared.db.problems import Conflict, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7


class AreaPeriodTaken(Conflict):
    code = "area_period_taken"
    detail = "该行政区划在此期间已有记录"


on_constraint("ex_area_period", AreaPeriodTaken)


@dataclass(frozen=True, slots=True)
class NewArea:
    """A division to load. `code` is full (12 digits or more); the period is `valid_from <= day < valid_to`."""

    code: str
    name: str
    kind: AreaKind
    valid_from: date
    valid_to: date | None = None
    island: Island = Island.MAIN


async def load_areas(unit: UnitOfWork, new: Sequence[NewArea]) -> None:
    """Insert divisions, one statement; runs in a system unit. Raises `AreaPeriodTaken`."""
    rows = [
        {
            "id": uuid7(),
            "code": areas.full(area.code),
            "name": area.name,
            "kind": area.kind.value,
            "parent_code": areas.parent(area.code),
            "island": area.island.value,
            "valid_from": area.valid_from,
            "valid_to": area.valid_to,
        }
        for area in new
    ]
    if rows:
        await unit.enter(Area, rows)


def areas_on(day: date, *, parent: str | None = None) -> Any:
    """The statement that lists the divisions of a day, children of `parent` only where it is given."""
    statement = select(Area).where(
        col(Area.valid_from) <= day, or_(col(Area.valid_to).is_(None), col(Area.valid_to) > day)
    )
    return statement if parent is None else statement.where(col(Area.parent_code) == areas.full(parent))


async def area_on(unit: UnitOfWork, code: str, day: date) -> Area:
    """The division of this code on a day; `NotFound` when there was none."""
    found: Area | None = await unit.first(areas_on(day).where(col(Area.code) == areas.full(code)))
    if found is None:
        raise NotFound
    return found
