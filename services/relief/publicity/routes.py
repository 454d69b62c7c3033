"""Notices over HTTP, for everybody; the office's own routes are with the applications."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from services.relief.filters import Filters
from services.relief.publicity import service
from services.relief.publicity.schemas import ObjectionOut, PublicNotice
from services.relief.publicity.service import Notice, Objection
from shared.china.areas import AreaCode
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit, public

router = Router(prefix="/api/relief/publicity", tags=["公示"])


class HangingQuery(Filters):
    """Where to look."""

    area_code: Annotated[AreaCode | None, Field(description="区、乡镇（街道）或村（社区），缺省为全部")] = None


@router.get("")
@public("relief.publicity")
async def list_notices(unit: Unit, query: Annotated[HangingQuery, Query()]) -> Page[PublicNotice]:
    """正在公示的家庭：隐去部分的姓名、人口、金额；无需登录。"""
    statement = service.hanging(unit.today, query.area_code)
    return await paginate(unit, statement, [Notice.id], query, PublicNotice.of)


@router.get("/{notice_id}")
@public("relief.publicity")
async def get_notice(notice_id: UuidStr, unit: Unit) -> PublicNotice:
    """一条正在进行的公示；公示期满即不再显示。无需登录。"""
    return PublicNotice.of(await service.shown(unit, notice_id))


@router.get("/{notice_id}/objections")
@permit("publicity", "read", "personal")
async def list_objections(notice_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[ObjectionOut]:
    """对公示的异议及答复；申请家庭看不到异议人。"""
    await unit.get(Notice, notice_id)
    unit.note(case_id=notice_id)
    rows = service.objections(notice_id)
    return await paginate(unit, rows, [Objection.id], query, lambda row: ObjectionOut.of(unit, row))
