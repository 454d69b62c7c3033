"""Visits over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.filters import Filters
from services.relief.visits import service
from services.relief.visits.schemas import VisitDoneIn, VisitOut
from services.relief.visits.service import Visit
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief/visits", tags=["走访"])


class VisitQuery(Filters):
    """The declared filters of the list."""

    household_id: UuidStr | None = None
    is_done: bool | None = None


@router.get("")
@permit("visit", "read", "personal")
async def list_visits(unit: Unit, query: Annotated[VisitQuery, Query()]) -> Page[VisitOut]:
    """走访任务，先到期的在前。"""
    statement = service.listing(unit, household_id=query.household_id, is_done=query.is_done)
    page = await paginate(unit, statement, [Visit.due_on, Visit.id], query, VisitOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("/{visit_id}/complete")
@permit("visit", "complete", "personal")
async def complete_visit(visit_id: UuidStr, body: VisitDoneIn, unit: Unit) -> VisitOut:
    """登记走访完成。"""
    visit = await service.complete(unit, visit_id, body.remark)
    unit.note(subjects=[visit.person_id], case_id=visit_id)
    return VisitOut.model_validate(visit)
