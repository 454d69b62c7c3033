"""Complaints over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.complaints import service
from services.relief.complaints.schemas import AnswerIn, ComplaintIn, ComplaintOut
from services.relief.complaints.service import Complaint
from services.relief.filters import Filters
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["投诉"])


class ComplaintQuery(Filters):
    """The declared filters of the list."""

    is_open: bool | None = None
    is_late: bool = False


@router.post("/applications/{application_id}/complaints", status_code=201)
@permit("complaint", "make", "personal")
async def complain_of_decision(application_id: UuidStr, body: ComplaintIn, unit: Unit) -> ComplaintOut:
    """对决定的投诉，可以不具名，十五日内处理；由乡镇（街道）决定的案件同时列入抽查。"""
    row = await service.complain(unit, application_id, body.text, body.name or "")
    unit.note(case_id=application_id)
    return ComplaintOut.of(unit, row)


@router.get("/complaints")
@permit("complaint", "read", "personal")
async def list_complaints(unit: Unit, query: Annotated[ComplaintQuery, Query()]) -> Page[ComplaintOut]:
    """投诉，先到期的在前。"""
    rows = service.listing(is_open=query.is_open, late_on=unit.today if query.is_late else None)
    page = await paginate(unit, rows, [Complaint.due_on, Complaint.id], query, lambda row: ComplaintOut.of(unit, row))
    unit.note(count=len(page.items))
    return page


@router.post("/complaints/{complaint_id}/answer")
@permit("complaint", "answer", "personal")
async def answer_complaint(complaint_id: UuidStr, body: AnswerIn, unit: Unit) -> ComplaintOut:
    """答复投诉；作出决定的人不得答复。"""
    row = await service.answer(unit, complaint_id, body.answer)
    unit.note(case_id=complaint_id)
    return ComplaintOut.of(unit, row)
