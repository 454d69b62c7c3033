"""Units and posts over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlmodel import col

from services.brain.organisation import posts, units
from services.brain.organisation.codes import UnitKind
from services.brain.organisation.tables import Post, UnitPeriod
from services.brain.reach import require_reach
from shared.china.areas import AreaCode
from shared.db.principals import Role
from shared.web import Page, Router, Unit, Wire, paginate, permit
from shared.web.paging import PageParameters
from shared.web.wire import ShortText


class UnitOut(Wire):
    """A unit in one period: `validFrom` is its first day, `validTo` the first day after it."""

    unit_id: str
    name: str
    kind: UnitKind
    level: int
    parent_id: str | None
    area_code: str
    valid_from: date
    valid_to: date | None


class FoundIn(Wire):
    """A unit to found. Its level is that of its area."""

    name: ShortText
    kind: UnitKind
    area_code: AreaCode
    parent_id: ShortText | None = None
    from_date: date


class ChangeIn(Wire):
    """What changes from a day on; what is left out stays."""

    name: ShortText | None = None
    area_code: AreaCode | None = None
    parent_id: ShortText | None = None
    from_date: date


class CloseIn(Wire):
    """The first day without the unit."""

    from_date: date


class PostOut(Wire):
    """A post: `validFrom` is its first day, `validTo` the first day after it."""

    id: str
    account_id: str
    unit_id: str
    role: Role
    area_code: str
    org_id: str
    valid_from: date
    valid_to: date | None


class UnitQuery(PageParameters):
    """`on` a day (today), `parentId` for the units right below one."""

    on: date | None = Field(None, description="哪一天的组织，默认今天")
    parent_id: ShortText | None = Field(None, alias="parentId", description="只列出该单位的下级")
    kind: UnitKind | None = Field(None, description="单位类别")


class PostQuery(PageParameters):
    """`on` a day (today); `accountId`, `unitId` to choose."""

    on: date | None = Field(None, description="哪一天的任职，默认今天")
    account_id: ShortText | None = Field(None, alias="accountId", description="只列出该账号的任职")
    unit_id: ShortText | None = Field(None, alias="unitId", description="只列出该单位的任职")


router = Router(prefix="/api/brain", tags=["组织与岗位"])


@router.get("/units")
@permit("unit", "read")
async def list_units(unit: Unit, query: Annotated[UnitQuery, Query()]) -> Page[UnitOut]:
    """某一天的五级组织。"""
    statement = units.units_on(query.on or unit.today)
    if query.parent_id:
        statement = statement.where(col(UnitPeriod.parent_id) == query.parent_id)
    if query.kind:
        statement = statement.where(col(UnitPeriod.kind) == query.kind)
    order = [col(UnitPeriod.area_code), col(UnitPeriod.unit_id)]
    return await paginate(unit, statement, order, query, UnitOut.model_validate)


@router.get("/units/{unit_id}")
@permit("unit", "read")
async def get_unit(unit_id: ShortText, unit: Unit, on: date | None = None) -> UnitOut:
    """某一天的一个单位。"""
    return UnitOut.model_validate(await units.unit_on(unit, unit_id, on or unit.today))


@router.post("/units", status_code=201)
@permit("unit", "change")
async def found_unit(body: FoundIn, unit: Unit) -> UnitOut:
    """设立单位。"""
    require_reach(unit, body.area_code)
    async with unit.elevated("found a unit"):
        unit_id = await units.found_unit(unit, units.NewUnit(**body.model_dump()))
    return UnitOut.model_validate(await units.unit_on(unit, unit_id, body.from_date))


@router.post("/units/{unit_id}/changes", status_code=201)
@permit("unit", "change")
async def change_unit(unit_id: ShortText, body: ChangeIn, unit: Unit) -> UnitOut:
    """自某日起更名或调整隶属。"""
    require_reach(unit, (await units.unit_on(unit, unit_id, body.from_date)).area_code)
    if body.area_code:
        require_reach(unit, body.area_code)
    async with unit.elevated("change a unit"):
        after = await units.change_unit(
            unit, unit_id, body.from_date, name=body.name, parent_id=body.parent_id, area_code=body.area_code
        )
    return UnitOut.model_validate(after)


@router.post("/units/{unit_id}/close")
@permit("unit", "change")
async def close_unit(unit_id: ShortText, body: CloseIn, unit: Unit) -> UnitOut:
    """自某日起撤销单位。"""
    require_reach(unit, (await units.unit_on(unit, unit_id, body.from_date)).area_code)
    async with unit.elevated("close a unit"):
        closed = await units.close_unit(unit, unit_id, body.from_date)
    return UnitOut.model_validate(closed)


@router.get("/posts")
@permit("post", "read")
async def list_posts(unit: Unit, query: Annotated[PostQuery, Query()]) -> Page[PostOut]:
    """某一天的任职。"""
    statement = posts.posts_on(query.on or unit.today)
    if query.account_id:
        statement = statement.where(col(Post.account_id) == query.account_id)
    if query.unit_id:
        statement = statement.where(col(Post.unit_id) == query.unit_id)
    return await paginate(unit, statement, [col(Post.area_code), col(Post.id)], query, PostOut.model_validate)
