"""Benefit cases over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.benefits import service, standing
from services.relief.benefits.rules import TEKUN
from services.relief.benefits.schemas import (
    AccountIn,
    CaseIn,
    CaseItem,
    CaseOut,
    CloseIn,
    Kind,
    State,
    WhyMonthOut,
    fields_of,
)
from services.relief.benefits.service import BenefitCase, Recognition
from services.relief.filters import Filters
from services.relief.households import reading
from services.relief.households.schemas import members_out
from shared.ids import UuidStr
from shared.payments import Month, month_of
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.policy import reasons_of

router = Router(prefix="/api/relief/cases", tags=["待遇"])


class CaseQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    kind: Kind | None = None
    household_id: UuidStr | None = None


@router.get("")
@permit("case", "read", "personal")
async def list_cases(unit: Unit, query: Annotated[CaseQuery, Query()]) -> Page[CaseItem]:
    """低保、特困、低边家庭；状态按当前成员和死亡确认计算。"""
    statement = standing.listing(unit.today, state=query.state, kind=query.kind, household_id=query.household_id)
    page: Page[BenefitCase] = await paginate(unit, statement, [BenefitCase.id], query, lambda case: case)
    figures = await standing.figures(unit, page.items, month_of(unit.today))
    unit.note(subjects=[case.applicant_id for case in page.items], count=len(page.items))
    items = [CaseItem.of(case, figures) for case in page.items]
    return Page[CaseItem](items=items, next_cursor=page.next_cursor, total=page.total)


@router.post("", status_code=201)
@permit("case", "open", "personal")
async def open_case(body: CaseIn, unit: Unit) -> CaseOut:
    """补录：把已经认定的家庭（迁入接续、旧系统转入）登记为待遇，按规则核定，自本月或下月起享受，决定及理由留存。
    新的申请一律走 POST /applications：调查、公示、两项备案齐全后由不同的人确认。"""
    found = Recognition(body.within_property, body.has_able_supporter, body.review_class)
    case = await service.open_case(unit, body.household_id, body.kind, body.from_month, found)
    unit.note(subjects=[case.applicant_id], case_id=case.id)
    return await _out(unit, case)


@router.get("/{case_id}")
@permit("case", "read", "personal")
async def get_case(case_id: UuidStr, unit: Unit) -> CaseOut:
    """待遇、家庭成员及本月应发金额。"""
    return await _out(unit, await unit.get(BenefitCase, case_id))


@router.post("/{case_id}/close")
@permit("case", "close", "personal")
async def close_case(case_id: UuidStr, body: CloseIn, unit: Unit) -> CaseOut:
    """终止待遇（迁出、超标、骗取等）；成员死亡不在此办理。"""
    case = await service.close(unit, case_id, body.from_month, body.reason)
    unit.note(case_id=case_id, reason=body.reason[:200])
    return await _out(unit, case)


@router.post("/{case_id}/account")
@permit("case", "pay", "personal")
async def set_account(case_id: UuidStr, body: AccountIn, unit: Unit) -> CaseOut:
    """领款账户：自下一次核对或制单起使用。"""
    case = await service.pay_into(unit, case_id, person_id=body.person_id, holder=body.holder, card=body.card)
    unit.note(case_id=case_id)
    return await _out(unit, case)


@router.get("/{case_id}/why")
@permit("case", "read", "personal")
async def explain_month(case_id: UuidStr, unit: Unit, month: Annotated[Month | None, Query()] = None) -> WhyMonthOut:
    """某月应发金额的理由：人数、收入、标准、增发，逐条列出。缺省为本月。"""
    case = await unit.get(BenefitCase, case_id)
    wanted = month or month_of(unit.today)
    decision = await service.explain(unit, case, wanted)
    unit.note(subjects=[case.applicant_id], case_id=case_id)
    return WhyMonthOut(
        case_id=case_id,
        month=wanted,
        outcome=decision.outcome if decision else "none",
        amount=(decision.amount_fen or 0) if decision else 0,
        reasons=reasons_of(decision) if decision else [],
    )


async def _out(unit: Unit, case: BenefitCase) -> CaseOut:
    figures = (await standing.figures(unit, [case], month_of(unit.today)))[case.id]
    async with reading.whole_family(unit):
        members = await members_out(unit, case.household_id)
    unit.note(subjects=[member.person_id for member in members], case_id=case.id)
    ended_by_death = [member.person_id for member in members if member.share_ends is not None]
    return CaseOut(
        **fields_of(case, figures),
        entitlement_id=case.entitlement_id,
        members=members,
        funeral_entitlement_of=ended_by_death if case.kind == TEKUN else [],
    )
