"""Bills, burdens and the year's share over HTTP."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query

from services.relief.filters import Filters
from services.relief.law import in_force
from services.relief.medical import service
from services.relief.medical.schemas import (
    AssignIn,
    BillIn,
    BillOut,
    BillRevealed,
    BurdenOut,
    BurdenRevealed,
    BurdenState,
    BurdenVisitIn,
    DeliveryIn,
    DeliveryOut,
    ReceivedOut,
    ShareOut,
)
from services.relief.medical.service import MedicalBill, MedicalBurden
from services.relief.medical.share import share_of_year
from shared.china.areas import Level, level
from shared.ids import PersonId, UuidStr
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.policy import reasons_of

router = Router(prefix="/api/relief/medical", tags=["医疗费用"])


class BillQuery(Filters):
    """The declared filters of the list."""

    person_id: PersonId | None = None


class BurdenQuery(Filters):
    """The declared filters of the list."""

    state: BurdenState | None = None
    household_id: UuidStr | None = None


@router.post("/bills", status_code=201)
@permit("medical", "enter", "personal")
async def enter_bill(body: BillIn, unit: Unit) -> BillOut:
    """登记医保结算单：按四层保障计算各层支付和个人负担，累计十二个月负担并重新评估家庭等级。"""
    bill = await service.enter(unit, body.to_bill())
    unit.note(subjects=[bill.person_id], case_id=bill.household_id)
    return BillOut.of(unit, bill)


@router.post("/deliveries")
@permit("medical", "enter", "personal")
async def receive_bills(body: DeliveryIn, unit: Unit) -> DeliveryOut:
    """医保批量送达的结算单（一次最多100条）：已登记的跳过，不合格的单独退回；重复送达不重复登记。"""
    received = await service.receive(unit, [bill.to_bill() for bill in body.bills])
    items = [ReceivedOut.model_validate(one) for one in received]
    entered = sum(one.outcome == "ENTERED" for one in items)
    unit.note(subjects=sorted({bill.person_id for bill in body.bills}), count=entered)
    return DeliveryOut(entered=entered, items=items)


@router.get("/bills")
@permit("medical", "read", "personal")
async def list_bills(unit: Unit, query: Annotated[BillQuery, Query()]) -> Page[BillOut]:
    """结算单，先登记的在前；金额、医院和病种不显示。"""

    def shown(bill: Any) -> BillOut:
        return BillOut.of(unit, bill)

    page = await paginate(unit, service.bills_listing(query.person_id), [MedicalBill.id], query, shown)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.get("/bills/{bill_id}")
@permit("medical", "reveal", "unmask")
async def reveal_bill(bill_id: UuidStr, unit: Unit) -> BillRevealed:
    """一张结算单的完整内容，各层支付的计算和依据；须说明理由，留痕。"""
    bill = await unit.get(MedicalBill, bill_id)
    unit.note(subjects=[bill.person_id], case_id=bill.household_id)
    return BillRevealed.whole(unit, bill, reasons_of(await service.explain(unit, bill)))


@router.post("/bills/{bill_id}/cancel")
@permit("medical", "enter", "personal")
async def cancel_bill(bill_id: UuidStr, unit: Unit) -> BillOut:
    """医保撤销结算：不再计入负担，由此产生而未核查的任务一并撤销。"""
    bill = await service.cancel(unit, bill_id)
    unit.note(subjects=[bill.person_id], case_id=bill.household_id)
    return BillOut.of(unit, bill)


@router.get("/burdens")
@permit("medical", "read", "personal")
async def list_burdens(unit: Unit, query: Annotated[BurdenQuery, Query()]) -> Page[BurdenOut]:
    """医疗负担核查任务，先产生的在前；金额不显示。"""
    statement = service.burdens_listing(state=query.state, household_id=query.household_id)
    page = await paginate(unit, statement, [MedicalBurden.id], query, BurdenOut.of)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.get("/burdens/{burden_id}")
@permit("medical", "reveal", "unmask")
async def reveal_burden(burden_id: UuidStr, unit: Unit) -> BurdenRevealed:
    """一项核查任务：负担金额、核查结果、预填的申请信息；须说明理由，留痕。"""
    burden = await unit.get(MedicalBurden, burden_id)
    unit.note(subjects=[burden.person_id], case_id=burden.household_id)
    return BurdenRevealed.whole(unit, burden)


@router.post("/burdens/{burden_id}/assign")
@permit("medical", "assign", "personal")
async def assign_burden(burden_id: UuidStr, body: AssignIn, unit: Unit) -> BurdenOut:
    """下派核查任务（一个工作日内）。"""
    burden = await service.assign(unit, burden_id, body.to)
    unit.note(subjects=[burden.person_id], case_id=burden.household_id)
    return BurdenOut.of(burden)


@router.post("/burdens/{burden_id}/visit")
@permit("medical", "visit", "personal")
async def visit_for_burden(burden_id: UuidStr, body: BurdenVisitIn, unit: Unit) -> BurdenOut:
    """登记上门核查结果（五个工作日内）。"""
    burden = await service.visited(unit, burden_id, body.outcome, body.remark)
    unit.note(subjects=[burden.person_id], case_id=burden.household_id)
    return BurdenOut.of(burden)


@router.get("/share")
@permit("medical", "count")
async def get_medical_share(unit: Unit, year: Annotated[int, Query(ge=2016, le=2100)]) -> ShareOut:
    """自付合规医疗费用报销比例（X-03）：救助对象当年基本医保和大病保险之后的合规费用中，医疗救助承担的比例。"""
    found, before = await share_of_year(unit, year), await share_of_year(unit, year - 1)
    area_code = unit.principal.area_code
    target = in_force(date(year, 12, 31), area_code).ratio("medical.self_paid_compliant_rate")
    is_below = area_code != "" and level(area_code) > Level.DISTRICT
    is_hidden = is_below and 0 < found.persons < 5
    return ShareOut.of(year, found, before, float(target), is_hidden=is_hidden)
