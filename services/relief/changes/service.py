"""Each change is a dated fact; benefits follow it by themselves, also for months that were paid."""

from __future__ import annotations

from datetime import date

from services.relief.benefits import service as benefits
from services.relief.households import service as households
from services.relief.households.rules import Condition, ConditionTerm, IncomeMonth, JoinsInFuture
from services.relief.households.service import Income, Member, NewMember
from shared.db.problems import NotFound
from shared.db.unit import UnitOfWork
from shared.payments import after, month_of


async def join(unit: UnitOfWork, household_id: str, new: NewMember) -> Member:
    """Somebody becomes a member. Raises JoinsInFuture, PersonDeceased, PersonInHousehold."""
    if new.valid_from > unit.today:
        raise JoinsInFuture(field="validFrom")
    await households.living_people(unit, [new.person_id])
    household = await households.lock(unit, household_id)
    async with benefits.adjusting(unit, household, new.valid_from, "家庭成员增加"):
        return await households.add_member(unit, household, new)


async def leave(unit: UnitOfWork, household_id: str, member_id: str, on: date, reason: str) -> Member:
    """A member's last day in the family. Raises JoinsInFuture, MemberLeft, LeavesBeforeJoining."""
    if on > unit.today:
        raise JoinsInFuture(field="on")
    household = await households.lock(unit, household_id)
    member = await _member(unit, household_id, member_id)
    async with benefits.adjusting(unit, household, on, "家庭成员减少"):
        await households.leave(unit, household, member, on, reason)
    return member


async def add_condition(unit: UnitOfWork, household_id: str, member_id: str, condition: Condition) -> None:
    """Something special about a member from a month on. Raises ConditionTerm."""
    if condition.to_month is not None and condition.to_month < condition.from_month:
        raise ConditionTerm(field="toMonth")
    household = await households.lock(unit, household_id)
    member = await _member(unit, household_id, member_id)
    async with benefits.adjusting(unit, household, condition.from_month, "成员情况变化"):
        await households.add_condition(unit, household, member, condition)


async def declare_income(
    unit: UnitOfWork, household_id: str, from_month: date, monthly_fen: int, remark: str
) -> Income:
    """What the family says it has from a month on. Raises IncomeMonth."""
    if month_of(from_month) > after(unit.today):
        raise IncomeMonth(field="fromMonth")
    household = await households.lock(unit, household_id)
    async with benefits.adjusting(unit, household, from_month, "家庭收入变化"):
        return await households.record_income(
            unit, household, from_month, monthly_fen, source="DECLARED", remark=remark
        )


async def _member(unit: UnitOfWork, household_id: str, member_id: str) -> Member:
    member = await unit.get(Member, member_id, lock=True)
    if member.household_id != household_id:
        raise NotFound
    return member
