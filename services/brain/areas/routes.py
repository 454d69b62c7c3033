"""Divisions over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlmodel import col

from services.brain.areas import service
from services.brain.areas.codes import AreaKind, Island
from services.brain.areas.tables import Area
from shared.china import areas
from shared.china.areas import AreaCode
from shared.web import Page, Router, Unit, Wire, paginate, permit
from shared.web.paging import PageParameters


class AreaOut(Wire):
    """A division on one day. `path` names it and all above it, the province first."""

    code: str
    name: str
    kind: AreaKind
    parent_code: str | None
    path: list[str]
    island: Island
    is_island: bool
    valid_from: date
    valid_to: date | None


class AreaQuery(PageParameters):
    """`on` a day (today), `parent` for the children of one division."""

    on: date | None = Field(None, description="哪一天的区划，默认今天")
    parent: AreaCode | None = Field(None, description="只列出该区划的下级")


router = Router(prefix="/api/brain", tags=["行政区划"])


@router.get("/areas")
@permit("area", "read")
async def list_areas(unit: Unit, query: Annotated[AreaQuery, Query()]) -> Page[AreaOut]:
    """某一天的行政区划。"""
    statement = service.areas_on(query.on or unit.today, parent=query.parent)
    return await paginate(unit, statement, [col(Area.code)], query, _out)


@router.get("/areas/{code}")
@permit("area", "read")
async def get_area(code: AreaCode, unit: Unit, on: date | None = None) -> AreaOut:
    """一个行政区划。"""
    return _out(await service.area_on(unit, code, on or unit.today))


def _out(area: Area) -> AreaOut:
    return AreaOut.of_row(area, path=areas.lineage(area.code), is_island=area.island != Island.MAIN)
