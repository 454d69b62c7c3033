"""Subsidies over HTTP; their batches are under /payments."""

from typing import Annotated

from fastapi import Query

from services.eldercare.filters import Filters
from services.eldercare.subsidies import service
from services.eldercare.subsidies.schemas import (
    AccountIn,
    ApplicationIn,
    FilledOut,
    ProposedOut,
    ProposeIn,
    RunIn,
    RunOut,
    SchemeCode,
    State,
    SubsidiesOut,
    SubsidyEnd,
    SubsidyIds,
    SubsidyOut,
    SubsidyReason,
)
from shared.ids import PersonId
from shared.web import Page, PageQuery, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare/subsidies", tags=["老年人补贴"])


class SubsidyQuery(Filters):
    """The declared filters of the list."""

    scheme: SchemeCode | None = None
    state: State | None = None
    person_id: PersonId | None = None


@router.get("")
@permit("subsidy", "read", "personal")
async def list_subsidies(unit: Unit, query: Annotated[SubsidyQuery, Query()]) -> Page[SubsidyOut]:
    """高龄津贴和养老服务补贴名单。"""
    statement = service.listing(scheme=query.scheme, state=query.state, person_id=query.person_id)
    return await _page(unit, statement, query)


@router.get("/doubtful")
@permit("subsidy", "read", "personal")
async def list_doubtful_subsidies(unit: Unit, page: PageQuery) -> Page[SubsidyOut]:
    """疑点名单：人口库登记死亡而未确认、或不再符合条件的在享补贴。"""
    return await _page(unit, service.doubtful(), page)


async def _page(unit: Unit, statement: object, page: PageQuery) -> Page[SubsidyOut]:
    found = await paginate(unit, statement, [service.Subsidy.id], page, lambda row: row)  # type: ignore[arg-type]
    items = await _out(unit, found.items)
    return Page[SubsidyOut](items=items, next_cursor=found.next_cursor, total=found.total)


async def _out(unit: Unit, rows: list[service.Subsidy]) -> list[SubsidyOut]:
    last = await service.last_months(unit, rows)
    unit.note(subjects=[row.person_id for row in rows], count=len(rows))
    return [SubsidyOut.of(row, last.get(row.id), unit.today) for row in rows]


@router.post("", status_code=201)
@permit("subsidy", "apply", "personal")
async def apply_for_subsidy(body: ApplicationIn, unit: Unit) -> SubsidyOut:
    """申请补贴（本人、代办或主动发现），列为候选。"""
    return (await _out(unit, [await service.apply(unit, body.person_id, body.scheme, body.from_month)]))[0]


@router.post("/propose")
@permit("subsidy", "run")
async def propose_subsidies(body: ProposeIn, unit: Unit) -> ProposedOut:
    """找出某月符合条件而尚未享受的老年人，列为候选，由人确认。"""
    return ProposedOut(proposed=await service.propose(unit, body.month))


@router.post("/run")
@permit("subsidy", "run")
async def run_subsidies(body: RunIn, unit: Unit) -> RunOut:
    """立即生成某月两项补贴的发放批次；重复生成不会多出明细。"""
    return RunOut(batches=[FilledOut.of(one) for one in await service.run(unit, body.month, body.area_code)])


@router.post("/confirm")
@permit("subsidy", "confirm", "personal")
async def confirm_subsidies(body: SubsidyIds, unit: Unit) -> SubsidiesOut:
    """确认候选；逐人作出决定并保存理由。"""
    return SubsidiesOut(items=await _out(unit, await service.confirm(unit, body.ids)))


@router.post("/activate")
@permit("subsidy", "activate", "personal")
async def activate_subsidies(body: SubsidyIds, unit: Unit) -> SubsidiesOut:
    """审批：须由确认以外的人办理；自起始月起发放。"""
    return SubsidiesOut(items=await _out(unit, await service.activate(unit, body.ids)))


@router.post("/{subsidy_id}/refuse")
@permit("subsidy", "confirm", "personal")
async def refuse_subsidy(subsidy_id: str, body: SubsidyReason, unit: Unit) -> SubsidyOut:
    """不予确认。"""
    return (await _out(unit, [await service.refuse(unit, subsidy_id, body.reason)]))[0]


@router.post("/{subsidy_id}/suspend")
@permit("subsidy", "confirm", "personal")
async def suspend_subsidy(subsidy_id: str, body: SubsidyReason, unit: Unit) -> SubsidyOut:
    """暂停发放（待生存认证）。"""
    return (await _out(unit, [await service.suspend(unit, subsidy_id, body.reason)]))[0]


@router.post("/{subsidy_id}/resume")
@permit("subsidy", "confirm", "personal")
async def resume_subsidy(subsidy_id: str, unit: Unit) -> SubsidyOut:
    """恢复发放，暂停期间的下批补发。"""
    return (await _out(unit, [await service.resume(unit, subsidy_id)]))[0]


@router.post("/{subsidy_id}/end")
@permit("subsidy", "activate", "personal")
async def end_subsidy(subsidy_id: str, body: SubsidyEnd, unit: Unit) -> SubsidyOut:
    """终止（死亡以外的原因）；多发的提出追缴建议。"""
    return (await _out(unit, [await service.end(unit, subsidy_id, body.last_month, body.reason)]))[0]


@router.post("/{subsidy_id}/account")
@permit("subsidy", "confirm", "personal")
async def set_subsidy_account(subsidy_id: str, body: AccountIn, unit: Unit) -> SubsidyOut:
    """登记收款账户。"""
    return (await _out(unit, [await service.pay_into(unit, subsidy_id, body.holder, body.card)]))[0]
