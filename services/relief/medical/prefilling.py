"""What an application would begin with, so that nobody is asked for what is known."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.relief.benefits import service as benefits
from services.relief.benefits.recognition import recognised_as
from services.relief.benefits.rules import NoStandard, NothingRecorded
from services.relief.benefits.service import Recognition
from services.relief.households.reading import current_income, record_of
from services.relief.households.rules import counted
from services.relief.households.service import Household
from services.relief.law import in_force
from services.relief.rechecks.rules import last_day
from shared.db.unit import UnitOfWork
from shared.payments import after, month_of

_SPENT = text("""
    select coalesce(sum(b.own_fen), 0) from medical_bill b
    where b.person_id = any(cast(:people as text[])) and b.cancelled_at is null
      and b.settled_on > :after and b.settled_on <= :on
""")


async def facts_of(unit: UnitOfWork, household: Household, patient_id: str, burden_fen: int) -> dict[str, Any]:
    """A family's members, income and medical spending of twelve months, and what the rules would say of it as far as
    it is known: its property has still to be checked."""
    months = in_force(unit.today, household.area_code).whole("warnings.burden_window")
    since = last_day(unit.today, -months)
    members = counted((await record_of(unit, household.id)).members, month_of(unit.today))
    income = await current_income(unit, household.id)
    people = sorted({patient_id, *(member.person_id for member in members)})
    async with unit.elevated("medical: spending of a family"):
        spent = int((await unit.execute(_SPENT, {"people": people, "after": since, "on": unit.today})).scalar_one())
    return {
        "householdId": household.id,
        "applicantId": household.applicant_id,
        "patientId": patient_id,
        "members": len(members),
        "monthlyIncomeFen": income.monthly_fen if income else None,
        "burdenFen": burden_fen,
        "familySpendingFen": spent,
        "spendingFrom": since.isoformat(),
        "spendingTo": unit.today.isoformat(),
        "proposedKind": await _proposed(unit, household, spent),
    }


async def _proposed(unit: UnitOfWork, household: Household, spent_fen: int) -> str:
    found = Recognition(
        within_property=True, within_marginal_property=True, has_able_supporter=True, rigid_spending_fen=spent_fen
    )
    try:
        return recognised_as(await benefits.assess_household(unit, household, after(unit.today), found))
    except (NothingRecorded, NoStandard):
        return ""
