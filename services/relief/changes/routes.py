"""Changes in a family over HTTP."""

from typing import Annotated

from fastapi import Query

from services.relief.changes import service
from services.relief.changes.schemas import DeclarationIn, LeaveIn
from services.relief.filters import Filters
from services.relief.households import reading
from services.relief.households.schemas import (
    ConditionIn,
    HouseholdOut,
    IncomeOut,
    MemberIn,
    household_out,
)
from services.relief.households.service import Household, Income
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief/households/{household_id}", tags=["家庭变动"])


@router.post("/members", status_code=201)
@permit("household", "write", "personal")
async def add_member(household_id: UuidStr, body: MemberIn, unit: Unit) -> HouseholdOut:
    """家庭增加成员；已发待遇按加入日期重新计算。"""
    await service.join(unit, household_id, body.to_member())
    unit.note(subjects=[body.person_id], case_id=household_id)
    return await household_out(unit, await unit.get(Household, household_id))


@router.post("/members/{member_id}/leave")
@permit("household", "write", "personal")
async def remove_member(household_id: UuidStr, member_id: UuidStr, body: LeaveIn, unit: Unit) -> HouseholdOut:
    """成员离开家庭（分户、迁出等）；死亡不在此登记，由死亡确认触发。"""
    member = await service.leave(unit, household_id, member_id, body.on, body.reason)
    unit.note(subjects=[member.person_id], case_id=household_id)
    return await household_out(unit, await unit.get(Household, household_id))


@router.post("/members/{member_id}/conditions", status_code=201)
@permit("household", "write", "personal")
async def add_condition(household_id: UuidStr, member_id: UuidStr, body: ConditionIn, unit: Unit) -> HouseholdOut:
    """登记成员情况：重度残疾、重病、单亲、生活自理能力。"""
    await service.add_condition(unit, household_id, member_id, body.to_rule())
    unit.note(case_id=household_id, detail={"member": member_id})
    return await household_out(unit, await unit.get(Household, household_id))


@router.post("/incomes", status_code=201)
@permit("household", "write", "personal")
async def declare_income(household_id: UuidStr, body: DeclarationIn, unit: Unit) -> IncomeOut:
    """登记家庭月收入，自某月起。更正也是新的一条。"""
    income = await service.declare_income(unit, household_id, body.from_month, body.monthly_income, body.remark)
    unit.note(case_id=household_id)
    return IncomeOut.of(income)


@router.get("/incomes")
@permit("household", "read", "personal")
async def list_incomes(household_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[IncomeOut]:
    """家庭收入记录，按登记先后。"""
    household = await unit.get(Household, household_id)
    unit.note(subjects=[household.applicant_id], case_id=household_id)
    return await paginate(unit, reading.incomes_listing(household_id), [Income.seq], query, IncomeOut.of)
