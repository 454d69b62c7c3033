"""Spot checks over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.benefits.schemas import Kind
from services.relief.filters import Filters
from services.relief.spotchecks import service
from services.relief.spotchecks.schemas import (
    CheckOut,
    CorrectionIn,
    DrawIn,
    DrawOut,
    FindingIn,
    FoundOut,
    QualityOut,
    QualityRow,
)
from services.relief.spotchecks.service import SpotCheck, SpotDraw
from shared.ids import UuidStr
from shared.payments import Month
from shared.payments.months import quarter_of
from shared.web import Page, PageQuery, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["下放审批抽查"])


class CheckQuery(Filters):
    """The declared filters of the list."""

    is_open: bool | None = None
    is_late: bool = False
    kind: Kind | None = None
    month: Month | None = None


@router.get("/spot-draws")
@permit("spot_check", "read")
async def list_draws(unit: Unit, page: PageQuery) -> Page[DrawOut]:
    """各月抽取记录；凭种子可重新推演。"""
    return await paginate(unit, service.draws(), [SpotDraw.id], page, DrawOut.model_validate)


@router.post("/spot-draws", status_code=201)
@permit("spot_check", "draw")
async def draw_checks(body: DrawIn, unit: Unit) -> DrawOut:
    """抽取已结束月份的下放案件：随机不低于规定比例，有近亲属、银行卡代管备案或异议的全部抽查。系统每月自动抽取。"""
    made = await service.draw(unit, unit.principal.area_code, body.month)
    unit.note(case_id=made.id, count=made.drawn)
    return DrawOut.model_validate(made)


@router.get("/spot-checks")
@permit("spot_check", "read", "personal")
async def list_checks(unit: Unit, query: Annotated[CheckQuery, Query()]) -> Page[CheckOut]:
    """抽查任务，先到期的在前。"""
    late_on = unit.today if query.is_late else None
    rows = service.listing(is_open=query.is_open, late_on=late_on, kind=query.kind, month=query.month)
    page = await paginate(unit, rows, [SpotCheck.due_on, SpotCheck.id], query, CheckOut.model_validate)
    unit.note(count=len(page.items))
    return page


@router.get("/spot-checks/quality")
@permit("spot_check", "read")
async def check_quality(unit: Unit, month: Annotated[Month | None, Query()] = None) -> QualityOut:
    """一个季度内各乡镇（街道）各类救助的抽查件数、差错率、逾期件数；缺省为本季度，可指定季度内任一月份。"""
    quarter = quarter_of(month or unit.today)
    rows = await service.quality(unit, quarter)
    return QualityOut(quarter=quarter, items=[QualityRow.of(row) for row in rows])


@router.post("/spot-checks/{check_id}/finding")
@permit("spot_check", "find", "personal")
async def record_finding(check_id: UuidStr, body: FindingIn, unit: Unit) -> FoundOut:
    """抽查结论：维持、责令纠正（十个工作日）、撤销（次月停发）；一个季度差错率过高的警告或暂停下放。"""
    found = await service.find(unit, check_id, body.finding, body.remark)
    unit.note(case_id=check_id, reason=body.remark[:200])
    return FoundOut.of(found)


@router.post("/spot-checks/{check_id}/correction")
@permit("spot_check", "correct", "personal")
async def record_correction(check_id: UuidStr, body: CorrectionIn, unit: Unit) -> CheckOut:
    """乡镇（街道）登记纠正情况。"""
    check = await service.correct(unit, check_id, body.corrected_on, body.words)
    unit.note(case_id=check_id)
    return CheckOut.model_validate(check)
