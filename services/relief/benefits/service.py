"""What the other rooms and the routes do with benefit cases. Lock order: household, case, entitlement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.relief.benefits.adjusting import Change, adjusting
from services.relief.benefits.due import SCHEME_OF
from services.relief.benefits.explaining import decide_with, decided, explain
from services.relief.benefits.rates import PAYMENTS, keep_rates
from services.relief.benefits.recognition import Applicant, Family, assess, recognise
from services.relief.benefits.rules import (
    RIGID,
    TITLES,
    UNPAID,
    CaseClosed,
    CaseOpen,
    ClosingMonth,
    FirstMonth,
    NotAMember,
    NotEligible,
    NothingPaid,
    NothingRecorded,
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
from services.relief.households.service import Household
from services.relief.law import in_force, parameters
from shared import clock
from shared.db.database import on_constraint
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7
from shared.payments import Grant, after, month_of, open_account, pay_to
from shared.payments.months import plus
from shared.policy import Decision
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

TERM_OVER = "relief.recognition-term"
"""Timer: the last month of a recognition for a term is over."""

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
    valid_until: date | None = None
    id: str = ""


# ── opening and closing ──────────────────────────────────────────────────────────────────────────


async def add_many(unit: UnitOfWork, cases: Sequence[NewCase]) -> list[str]:
    """Enter running cases with their entitlements, set-based; their ids in order. Where none is named, the decision
    of the first month is made and kept, so that every payment can name one."""
    if not cases:
        return []
    await keep_rates(unit)
    cases = await _with_decisions(unit, cases)
    paid = [case for case in cases if case.kind not in UNPAID]
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
            "entitlement_id": None if case.kind in UNPAID else next(entitlement_ids),
            "decision_id": case.decision_id,
            "from_month": month_of(case.from_month),
            "valid_until": case.valid_until,
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
    """What a clerk has found out beyond the household's own record. Without a word of its own the property within the
    limits of 低边 is that within those of 低保. Of a family one person may be looked at alone, on her own income."""

    within_property: bool
    has_able_supporter: bool
    review_class: str = "B"
    within_marginal_property: bool | None = None
    rigid_spending_fen: int = 0
    single_person_id: str = ""
    single_income_fen: int = 0


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
    return await _begin(unit, household, kind, month, decision_id, found.review_class)


async def assess_household(
    unit: UnitOfWork, household: Household, month: date, found: Recognition
) -> Mapping[str, Decision]:
    """What each kind's rule says of a family as it is recorded, in the order they are asked. Raises NothingRecorded,
    NoStandard."""
    family = await _family(unit, household.id, month, found)
    if family is None:
        raise NothingRecorded
    return assess(family, month, household.area_code)


async def open_decided(
    unit: UnitOfWork, household: Household, kind: str, month: date, *, decision_id: str, review_class: str
) -> BenefitCase:
    """Begin what was decided for a locked household. A benefit of another kind that runs ends with the month before.
    Raises CaseOpen when the same kind runs."""
    for case in await of_household(unit, household.id, lock=True):
        if case.kind != kind and not is_over((await states(unit, [case]))[case.id]):
            await _end(unit, household, case, month, f"改为享受{TITLES[kind]}")
    return await _begin(unit, household, kind, month, decision_id, review_class)


async def _begin(
    unit: UnitOfWork, household: Household, kind: str, month: date, decision_id: str, review_class: str
) -> BenefitCase:
    term = in_force(month, household.area_code).whole("rigid.term") if kind == RIGID else 0
    new = NewCase(
        household.id,
        kind,
        household.area_code,
        household.applicant_id,
        month,
        review_class=review_class,
        decision_id=decision_id,
        valid_until=plus(month, term - 1) if term else None,
    )
    (case_id,) = await add_many(unit, [new])
    if term:
        await set_timer(unit, TERM_OVER, case_id, clock.start_of_day(plus(month, term)))
    return await unit.get(BenefitCase, case_id)


async def end_term(unit: UnitOfWork, case_id: str) -> bool:
    """The term of a recognition is over: it ends unless it has ended before."""
    household_id = (await unit.get(BenefitCase, case_id)).household_id
    household = await households.lock(unit, household_id)
    case = await unit.get(BenefitCase, case_id, lock=True)
    if case.state == "CLOSED" or case.valid_until is None:
        return False
    await _end(unit, household, case, after(case.valid_until), "认定期满")
    return True


async def _family(unit: UnitOfWork, household_id: str, month: date, found: Recognition) -> Family | None:
    record = await record_of(unit, household_id)
    present, income = counted(record.members, month), income_in(record.incomes, month)
    if found.single_person_id:
        present = [one for one in present if one.person_id == found.single_person_id]
    if not present or income is None:
        return None
    return Family(
        income_fen=found.single_income_fen if found.single_person_id else income.monthly_fen,
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
        within_marginal_property=found.within_property
        if found.within_marginal_property is None
        else found.within_marginal_property,
        rigid_spending_fen=found.rigid_spending_fen,
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
    await _end(unit, household, case, from_month, reason)
    return case


async def revoke(unit: UnitOfWork, household: Household, case_id: str, reason: str) -> bool:
    """End a case of a locked household from next month on, whatever it was opened on; False when it had ended."""
    case = await unit.get(BenefitCase, case_id, lock=True)
    if is_over((await states(unit, [case]))[case.id]):
        return False
    await _end(unit, household, case, after(unit.today), reason)
    return True


async def _end(unit: UnitOfWork, household: Household, case: BenefitCase, from_month: date, reason: str) -> None:
    async with adjusting(unit, household, from_month, reason):
        case.state, case.close_reason = "CLOSED", reason
        case.closed_from = max(month_of(from_month), case.from_month)
        case.version += 1
        await unit.flush()


async def locked(unit: UnitOfWork, case_id: str) -> BenefitCase:
    """A case that runs, its household and itself locked. Raises CaseClosed."""
    seen = await unit.get(BenefitCase, case_id)
    await households.lock(unit, seen.household_id)
    case = await unit.get(BenefitCase, case_id, lock=True)
    unit.expect_version(case.version)
    if (await states(unit, [case]))[case.id] in ("CLOSED", "ENDED"):
        raise CaseClosed
    return case
