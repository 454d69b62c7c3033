"""Households over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.filters import Filters
from services.relief.households import reading, service
from services.relief.households.rules import ApplicantFirst
from services.relief.households.schemas import HouseholdIn, HouseholdItem, HouseholdOut, household_out
from services.relief.households.service import Household, NewHousehold
from shared.ids import PersonId, UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief/households", tags=["家庭"])


class HouseholdQuery(Filters):
    """The declared filters of the list."""

    person_id: PersonId | None = None


@router.get("")
@permit("household", "read", "personal")
async def list_households(unit: Unit, query: Annotated[HouseholdQuery, Query()]) -> Page[HouseholdItem]:
    """困难家庭；居民只看到自己所在的家庭。"""
    statement = reading.listing(person_id=query.person_id)
    page = await paginate(unit, statement, [Household.id], query, HouseholdItem.model_validate)
    unit.note(subjects=[item.applicant_id for item in page.items], count=len(page.items))
    return page


@router.post("", status_code=201)
@permit("household", "write", "personal")
async def create_household(body: HouseholdIn, unit: Unit) -> HouseholdOut:
    """登记家庭：成员、申请人、月收入。第一名成员为申请人（关系填 SELF）。"""
    if [member.relation == "SELF" for member in body.members] != [True] + [False] * (len(body.members) - 1):
        raise ApplicantFirst(field="members")
    household = await service.create(
        unit,
        NewHousehold(
            area_code=body.area_code,
            registered_area=body.registered_area,
            applicant_id=body.members[0].person_id,
            members=[member.to_member() for member in body.members],
            monthly_income_fen=body.monthly_income,
            income_from=body.income_from,
        ),
    )
    unit.note(subjects=[member.person_id for member in body.members], detail={"household": household.id})
    return await household_out(unit, household)


@router.get("/{household_id}")
@permit("household", "read", "personal")
async def get_household(household_id: UuidStr, unit: Unit) -> HouseholdOut:
    """家庭及其成员、当前收入。"""
    household = await unit.get(Household, household_id)
    async with reading.whole_family(unit):
        found = await household_out(unit, household)
    unit.note(subjects=[member.person_id for member in found.members])
    return found
