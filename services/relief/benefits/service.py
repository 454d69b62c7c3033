"""What the other rooms and the routes do with benefit cases. Lock order: household, case, entitlement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.relief.benefits.adjusting import Change, adjusting
from services.relief.benefits.due import SCHEME_OF
from services.relief.benefits.explaining import decide_with, decided, explain
from services.relief.benefits.rates import PAYMENTS, keep_rates
from services.relief.benefits.recognition import Applicant, Family, recognise
from services.relief.benefits.rules import (
    MARGINAL,
    CaseClosed,
    CaseOpen,
    ClosingMonth,
    FirstMonth,
    NotAMember,
    NotEligible,
    NothingPaid,
)
from services.relief.benefits.standing import (
    CASE,
    RECHECK,
    due_in,
    is_over,
    of_household,
    states,
)
from services.relief.benefits.tables import BenefitCase
from services.relief.households import service as households
from services.relief.households.reading import record_of, records
from services.relief.households.rules import counted, income_in
from services.relief.law import parameters
from shared.db.database import on_constraint
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import Grant, after, month_of, open_account, pay_to
from shared.policy.service import Made, keep, keep_many

__all__ = [
    "CASE",
    "PAYMENTS",
    "RECHECK",
    "BenefitCase",
    "Change",
    "adjusting",
    "decide_with",
    "due_in",
    "explain",
    "is_over",
    "of_household",
]

on_constraint("uq_benefit_case_open", CaseOpen)


@dataclass(frozen=True, slots=True)
class NewCase:
    """A recognition as the bulk entry takes it. `account_id` of the payee, who is the applicant."""

    household_id: str
    kind: str
    area_code: str
    applicant_id: str
    from_month: date
    account_id: str | None = None
    review_class: str = "B"
    decision_id: str = ""
    id: str = ""


# ── opening and closing ──────────────────────────────────────────────────────────────────────────


async def add_many(unit: UnitOfWork, cases: Sequence[NewCase]) -> list[str]:
    """Enter running cases with their entitlements, set-based; their ids in order. Where none is named, the decision
    of the first month is made and kept, so that every payment can name one."""
    if not cases:
        return []
    await keep_rates(unit)
    cases = await _with_decisions(unit, cases)
    paid = [case for case in cases if case.kind != MARGINAL]
    grants = [
        Grant(
            SCHEME_OF[case.kind],
            case.applicant_id,
            case.area_code,
            case.from_month,
            None,
            decision_id=case.decision_id,
            household_id=case.household_id,
            account_id=case.account_id,
        )
        for case in paid
    ]
    entitlement_ids = iter(await PAYMENTS.grant(unit, *grants))
    rows: list[dict[str, Any]] = [
        {
            "id": case.id or uuid7(),
            "household_id": case.household_id,
            "area_code": case.area_code,
            "kind": case.kind,
            "state": "ACTIVE",
            "review_class": case.review_class,
            "applicant_id": case.applicant_id,
            "entitlement_id": None if case.kind == MARGINAL else next(entitlement_ids),
            "decision_id": case.decision_id,
            "from_month": month_of(case.from_month),
            "close_reason": "",
            "answered": [],
            "opened_at": unit.now,
            "seq": 0,
            "version": 1,
        }
        for case in cases
    ]
    await unit.enter(BenefitCase, rows)
    return [str(row["id"]) for row in rows]


async def _with_decisions(unit: UnitOfWork, cases: Sequence[NewCase]) -> list[NewCase]:
    families = await records(unit, [case.household_id for case in cases if not case.decision_id])
    made = {}
    for case in cases:
        if case.household_id in families:
            month = month_of(case.from_month)
            decision = decided(case.kind, families[case.household_id], month, case.area_code)
            if decision is not None:
                made[case.household_id] = Made(decision, case.applicant_id)
    ids = dict(zip(made, await keep_many(unit, list(made.values()), parameters()), strict=True))
    return [replace(case, decision_id=case.decision_id or ids.get(case.household_id, "")) for case in cases]


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a clerk has found out beyond the household's own record."""

    within_property: bool
    has_able_supporter: bool
    review_class: str = "B"


async def open_case(
    unit: UnitOfWork, household_id: str, kind: str, from_month: date, found: Recognition
) -> BenefitCase:
    """Recognise a household from this or the next month on, when the rule grants it. Raises FirstMonth, NotEligible,
    CaseOpen."""
    household = await households.lock(unit, household_id)
    month = month_of(from_month)
    if not month_of(unit.today) <= month <= after(unit.today):
        raise FirstMonth(field="fromMonth")
    family = await _family(unit, household_id, month, found)
    if family is None:
        raise NotEligible
    decision = recognise(kind, family, month, household.area_code)
    if decision.outcome != "granted":
        raise NotEligible
    decision_id = await keep(unit, decision, parameters(), person_id=household.applicant_id)
    new = NewCase(
        household_id,
        kind,
        household.area_code,
        household.applicant_id,
        month,
        review_class=found.review_class,
        decision_id=decision_id,
    )
    (case_id,) = await add_many(unit, [new])
    return await unit.get(BenefitCase, case_id)


async def _family(unit: UnitOfWork, household_id: str, month: date, found: Recognition) -> Family | None:
    record = await record_of(unit, household_id)
    present, income = counted(record.members, month), income_in(record.incomes, month)
    if not present or income is None:
        return None
    return Family(
        income_fen=income.monthly_fen,
        members=[
            Applicant(
                age=one.age(month),
                conditions=list(one.held(month)),
                labour=one.labour,
                has_able_supporter=found.has_able_supporter,
            )
            for one in present
        ],
        within_property=found.within_property,
        within_marginal_property=found.within_property,
    )


async def pay_into(unit: UnitOfWork, case_id: str, *, person_id: str, holder: str, card: str) -> BenefitCase:
    """Pay a case to the account of one of its living members from the next run on. Raises NotAMember, Invalid."""
    case = await locked(unit, case_id)
    if case.entitlement_id is None:
        raise NothingPaid
    members = counted((await record_of(unit, case.household_id)).members, after(unit.today))
    if person_id not in {member.person_id for member in members}:
        raise NotAMember(field="personId")
    account = await open_account(unit, person_id=person_id, area_code=case.area_code, holder=holder, card=card)
    await pay_to(unit, case.entitlement_id, account)
    case.version += 1
    await unit.flush()
    return case


async def close(unit: UnitOfWork, case_id: str, from_month: date, reason: str) -> BenefitCase:
    """No benefit from this or the next month on (moved away, over the limits). Raises CaseClosed, ClosingMonth."""
    if not month_of(unit.today) <= month_of(from_month) <= after(unit.today):
        raise ClosingMonth(field="fromMonth")
    case = await locked(unit, case_id)
    household = await households.lock(unit, case.household_id)
    async with adjusting(unit, household, from_month, reason):
        case.state, case.close_reason = "CLOSED", reason
        case.closed_from = max(month_of(from_month), case.from_month)
        case.version += 1
        await unit.flush()
    return case


async def locked(unit: UnitOfWork, case_id: str) -> BenefitCase:
    """A case that runs, its household and itself locked. Raises CaseClosed."""
    seen = await unit.get(BenefitCase, case_id)
    await households.lock(unit, seen.household_id)
    case = await unit.get(BenefitCase, case_id, lock=True)
    unit.expect_version(case.version)
    if (await states(unit, [case]))[case.id] in ("CLOSED", "ENDED"):
        raise CaseClosed
    return case
