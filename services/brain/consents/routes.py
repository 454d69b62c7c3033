"""Consents over HTTP: the person gives and withdraws them herself, or at a counter."""

from datetime import date, datetime

from sqlmodel import col

from services.brain.consents import service
from services.brain.consents.codes import Purpose
from services.brain.consents.tables import Consent
from services.brain.people.service import get_person, ids_of
from shared.ids import PersonId
from shared.web import Page, PageQuery, Router, Unit, Wire, paginate, permit


class ConsentOut(Wire):
    """A consent; it counts while `endedAt` is empty. `endReason`: WITHDRAWN or DECEASED."""

    id: str
    person_id: str
    purpose: Purpose
    given_on: date
    ended_at: datetime | None
    end_reason: str | None


class ConsentIn(Wire):
    purpose: Purpose


router = Router(prefix="/api/brain", tags=["授权"])


@router.get("/people/{person_id}/consents")
@permit("consent", "read", "personal")
async def list_consents(person_id: PersonId, unit: Unit, page: PageQuery) -> Page[ConsentOut]:
    """个人信息处理的同意。"""
    await get_person(unit, person_id)
    unit.note(subjects=[person_id])
    statement = service.consents_of(await ids_of(unit, person_id))
    return await paginate(unit, statement, [col(Consent.id)], page, ConsentOut.model_validate)


@router.post("/people/{person_id}/consents", status_code=201)
@permit("consent", "change", "personal")
async def give_consent(person_id: PersonId, body: ConsentIn, unit: Unit) -> ConsentOut:
    """作出同意。"""
    unit.note(subjects=[person_id])
    return ConsentOut.model_validate(await service.give(unit, person_id, body.purpose))


@router.post("/people/{person_id}/consents/withdraw")
@permit("consent", "change", "personal")
async def withdraw_consent(person_id: PersonId, body: ConsentIn, unit: Unit) -> ConsentOut:
    """撤回同意。"""
    await get_person(unit, person_id)
    unit.note(subjects=[person_id])
    return ConsentOut.model_validate(await service.withdraw(unit, person_id, body.purpose))
