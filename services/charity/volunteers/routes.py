"""Volunteer accounts over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlmodel import col, select

from services.charity.volunteers import service
from services.charity.volunteers.tables import Volunteer
from shared.ids import PersonId
from shared.web import Page, Router, Unit, Wire, paginate, permit
from shared.web.paging import PageParameters

router = Router(prefix="/api/charity/volunteers", tags=["志愿者"])


class VolunteerIn(Wire):
    """登记志愿者。"""

    person_id: PersonId


class VolunteerOut(Wire):
    """志愿者账户。"""

    person_id: str
    area_code: str
    registered_on: date
    left_on: date | None
    is_open: bool

    @classmethod
    def of(cls, volunteer: Volunteer) -> "VolunteerOut":
        """The account as it stands."""
        return cls(
            person_id=volunteer.person_id,
            area_code=volunteer.area_code,
            registered_on=volunteer.registered_on,
            left_on=volunteer.left_on,
            is_open=service.is_open(volunteer),
        )


class VolunteerQuery(PageParameters):
    """The declared filters of the list."""

    person_id: PersonId | None = Field(None, alias="personId")


@router.post("", status_code=201)
@permit("volunteer", "write", "personal")
async def register_volunteer(body: VolunteerIn, unit: Unit) -> VolunteerOut:
    """登记为志愿者。"""
    volunteer = await service.register(unit, body.person_id)
    unit.note(subjects=[volunteer.person_id])
    return VolunteerOut.of(volunteer)


@router.get("")
@permit("volunteer", "read", "personal")
async def list_volunteers(unit: Unit, query: Annotated[VolunteerQuery, Query()]) -> Page[VolunteerOut]:
    """志愿者名册。"""
    statement = select(Volunteer)
    if query.person_id:
        statement = statement.where(col(Volunteer.person_id) == query.person_id)
    page = await paginate(unit, statement, [Volunteer.person_id], query, VolunteerOut.of)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("/{person_id}/leave")
@permit("volunteer", "write", "personal")
async def leave_volunteers(person_id: PersonId, unit: Unit) -> VolunteerOut:
    """注销志愿者账户。"""
    volunteer = await service.leave(unit, person_id)
    unit.note(subjects=[volunteer.person_id])
    return VolunteerOut.of(volunteer)
