"""Why a family is due so much in a month: its facts at the rules' door, the decision that comes back."""

from __future__ import annotations

from datetime import date

from services.relief.benefits.rules import (
    TEKUN,
    UNPAID,
    DibaoFacts,
    MemberFacts,
    NoStandard,
    TekunFacts,
    dibao,
    tekun,
)
from services.relief.benefits.tables import BenefitCase
from services.relief.households.reading import Record, record_of, whole_family
from services.relief.households.rules import IncomeFrom, counted, divided_by, income_in
from services.relief.law import parameters
from shared.db.unit import UnitOfWork
from shared.payments import month_of
from shared.policy import Decision, NoValue, decide
from shared.policy.service import keep


async def explain(unit: UnitOfWork, case: BenefitCase, month: date) -> Decision | None:
    """Why so much is due in a month, from the facts as they stand now; None outside the case's months."""
    if month < case.from_month or (case.closed_from is not None and month >= case.closed_from):
        return None
    async with whole_family(unit):
        record = await record_of(unit, case.household_id)
    return decided(case.kind, record, month, case.area_code)


async def decide_with(
    unit: UnitOfWork, case: BenefitCase, month: date, monthly_income_fen: int
) -> tuple[Decision, str] | None:
    """The decision a new income record leads to, and the id it is kept under; None for what draws nothing."""
    record = await record_of(unit, case.household_id)
    record.incomes.append(IncomeFrom(month_of(month), monthly_income_fen))
    decision = decided(case.kind, record, month_of(month), case.area_code)
    if decision is None:
        return None
    return decision, await keep(unit, decision, parameters(), person_id=case.applicant_id)


def decided(kind: str, record: Record, month: date, area_code: str) -> Decision | None:
    """The rule's answer for a month; None for what draws nothing and where no income is recorded. Raises NoStandard."""
    present = [
        MemberFacts(age=one.age(month), conditions=list(one.held(month))) for one in counted(record.members, month)
    ]
    income = income_in(record.incomes, month)
    try:
        if kind == TEKUN:
            return decide(tekun, TekunFacts(members=present), parameters(), month, area_code)
        if income is None or kind in UNPAID:
            return None
        divisor = divided_by(record.members, income)
        facts = DibaoFacts(income_fen=income.monthly_fen, divisor=divisor, members=present)
        return decide(dibao, facts, parameters(), month, area_code)
    except NoValue:
        raise NoStandard from None
