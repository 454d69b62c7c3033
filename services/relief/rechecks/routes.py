"""Re-checks over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.filters import Filters
from services.relief.rechecks import service
from services.relief.rechecks.schemas import RecheckDone, RecheckIn, RecheckOut
from services.relief.rechecks.service import Recheck
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["复核"])


class RecheckQuery(Filters):
    """The declared filters of the list."""

    case_id: UuidStr | None = None
    is_done: bool | None = None


@router.get("/rechecks")
@permit("recheck", "read", "personal")
async def list_rechecks(unit: Unit, query: Annotated[RecheckQuery, Query()]) -> Page[RecheckOut]:
    """家庭复核任务，先到期的在前。"""
    statement = service.listing(case_id=query.case_id, is_done=query.is_done)
    page = await paginate(unit, statement, [Recheck.due_on, Recheck.id], query, RecheckOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("/cases/{case_id}/recheck")
@permit("recheck", "do", "personal")
async def recheck_case(case_id: UuidStr, body: RecheckIn, unit: Unit) -> RecheckDone:
    """家庭复核：登记复核后的月收入，自生效月份起重新核定待遇。"""
    done = await service.do(unit, case_id, body.monthly_income, body.effective_month, body.remark)
    unit.note(subjects=[done.change.case.applicant_id], case_id=case_id)
    return RecheckDone(
        case_id=case_id,
        state=done.change.after.state,
        effective_month=done.change.from_month,
        old_amount=done.change.before.amount_fen,
        new_amount=done.change.after.amount_fen,
        decision_id=done.decision_id,
    )
