"""Stays over HTTP."""

from typing import Annotated

from fastapi import Query

from services.eldercare.filters import Filters
from services.eldercare.stays import service
from services.eldercare.stays.schemas import AbsenceIn, CheckInIn, ClaimIn, EndIn, State, StayOut
from shared.ids import PersonId
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.wire import ShortText

router = Router(prefix="/api/eldercare", tags=["入住"])


class StayQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    person_id: PersonId | None = None
    bed_id: ShortText | None = None


@router.post("/beds/{bed_id}/stays", status_code=201)
@permit("stay", "write", "personal")
async def claim_bed(bed_id: str, body: ClaimIn, unit: Unit) -> StayOut:
    """预订空闲床位；多人同时预订只有一人成功，其余返回 bed_taken。"""
    stay = await service.claim(unit, bed_id, body.person_id)
    unit.note(subjects=[stay.person_id], detail={"stay": stay.id, "state": stay.state})
    return StayOut.model_validate(stay)


@router.get("/stays")
@permit("stay", "read", "personal")
async def list_stays(unit: Unit, query: Annotated[StayQuery, Query()]) -> Page[StayOut]:
    """入住名单。"""
    statement = service.listing(state=query.state, person_id=query.person_id, bed_id=query.bed_id)
    page = await paginate(unit, statement, [service.Stay.id], query, StayOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.get("/stays/{stay_id}")
@permit("stay", "read", "personal")
async def get_stay(stay_id: str, unit: Unit) -> StayOut:
    """入住记录。"""
    stay = await unit.get(service.Stay, stay_id)
    unit.note(subjects=[stay.person_id])
    return StayOut.model_validate(stay)


@router.post("/stays/{stay_id}/check-in")
@permit("stay", "write", "personal")
async def check_in(stay_id: str, body: CheckInIn, unit: Unit) -> StayOut:
    """办理入住：须有能力评估和服务合同。"""
    return _noted(unit, await service.check_in(unit, stay_id, body.contract_no))


@router.post("/stays/{stay_id}/absence")
@permit("stay", "write", "personal")
async def note_absence(stay_id: str, body: AbsenceIn, unit: Unit) -> StayOut:
    """请假、住院、返院。"""
    return _noted(unit, await service.step(unit, stay_id, body.action))


@router.post("/stays/{stay_id}/check-out")
@permit("stay", "write", "personal")
async def check_out(stay_id: str, body: EndIn, unit: Unit) -> StayOut:
    """退住；床位整备后重新开放。"""
    return _noted(unit, await service.end(unit, stay_id, "check_out", body.reason))


@router.post("/stays/{stay_id}/cancel")
@permit("stay", "write", "personal")
async def cancel_reservation(stay_id: str, body: EndIn, unit: Unit) -> StayOut:
    """取消预订。"""
    return _noted(unit, await service.end(unit, stay_id, "cancel", body.reason))


def _noted(unit: Unit, stay: service.Stay) -> StayOut:
    unit.note(subjects=[stay.person_id], detail={"stay": stay.id, "state": stay.state})
    return StayOut.model_validate(stay)
