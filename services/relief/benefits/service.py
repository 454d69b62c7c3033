"""What the other rooms and the routes do with benefit cases. Lock order: household, case, entitlement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert

from services.relief.benefits.due import SCHEME_OF
from services.relief.benefits.rates import PAYMENTS, keep_rates
from services.relief.benefits.rules import (
    MARGINAL,
    TEKUN,
    CaseClosed,
    CaseOpen,
    DibaoFacts,
    MemberFacts,
    NotEligible,
    TekunFacts,
    dibao,
    tekun,
)
from services.relief.benefits.standing import (
    CASE,
    RECHECK,
    Figures,
    due_in,
    is_over,
    of_household,
    states,
    whole_family,
)
from services.relief.benefits.tables import BenefitCase
from services.relief.households import service as households
from services.relief.households.rules import IncomeFrom, Membership, counted, divided_by, income_in
from services.relief.households.service import Household
from services.relief.law import parameters
from shared.contracts.relief import BenefitAdjusted, BenefitClosed
from shared.db.database import on_constraint
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import Grant, Settled, month_of
from shared.payments.entitlements import reconsider
from shared.policy import Decision, decide
from shared.policy.service import keep

__all__ = ["CASE", "PAYMENTS", "RECHECK", "BenefitCase", "is_over", "of_household"]

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
    """Enter running cases with their entitlements, set-based; their ids in order."""
    if not cases:
        return []
    await keep_rates(unit)
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
    await unit.execute(insert(table_of(BenefitCase)), rows)
    return [str(row["id"]) for row in rows]


async def open_case(
    unit: UnitOfWork, household_id: str, kind: str, from_month: date, *, review_class: str, within_property: bool
) -> BenefitCase:
    """Recognise a household from a month on, after the rule was asked. Raises NotEligible, CaseOpen, CaseClosed."""
    household = await households.lock(unit, household_id)
    month = month_of(from_month)
    members, incomes = await _facts_of(unit, household_id)
    decision = _decide(kind, members, incomes, month, household.area_code, within_property=within_property)
    if decision is None or decision.outcome != "granted":
        raise NotEligible
    decision_id = await keep(unit, decision, parameters(), person_id=household.applicant_id)
    new = NewCase(
        household_id,
        kind,
        household.area_code,
        household.applicant_id,
        month,
        review_class=review_class,
        decision_id=decision_id,
    )
    (case_id,) = await add_many(unit, [new])
    return await unit.get(BenefitCase, case_id)


async def close(unit: UnitOfWork, case_id: str, from_month: date, reason: str) -> BenefitCase:
    """No benefit from a month on (moved away, over the limits, fraud). Raises CaseClosed."""
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


# ── around a change of a family's facts ──────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Change:
    """What a change did to one case: state and monthly fen before and after, from which month, and the money."""

    case: BenefitCase
    before: Figures
    after: Figures
    from_month: date
    settled: Settled


@asynccontextmanager
async def adjusting(
    unit: UnitOfWork, household: Household, month: date, reason: str, *, cause: str = "", on_date: date | None = None
) -> AsyncIterator[list[Change]]:
    """Around every change of what a locked household's benefits follow from: figures before and after are compared
    from `month` on, payments settled, the change announced. The list is filled at the end, one entry per case."""
    await keep_rates(unit)
    first = month_of(month)
    cases = await of_household(unit, household.id, lock=True)
    before = {case.id: await _figures(unit, case, first) for case in cases}
    changes: list[Change] = []
    yield changes
    for case in cases:
        now = await _figures(unit, case, first)
        settled = Settled()
        if case.entitlement_id:
            settled = await PAYMENTS.settle(unit, [case.entitlement_id], cause=cause)
            await reconsider(unit, [case.entitlement_id], first)
        change = Change(case, before[case.id], now, max(first, case.from_month), settled)
        changes.append(change)
        _announce(unit, change, reason, on_date or unit.today)
    await unit.flush()


def _announce(unit: UnitOfWork, change: Change, reason: str, on_date: date) -> None:
    case, before, after = change.case, change.before, change.after
    if is_over(after.state) and not is_over(before.state):
        closed = BenefitClosed(case_id=case.id, household_id=case.household_id, reason=reason, on_date=on_date)
        unit.emit(closed, area_code=case.area_code)
    elif before.amount_fen != after.amount_fen:
        case.seq += 1
        adjusted = BenefitAdjusted(
            case_id=case.id,
            household_id=case.household_id,
            old=before.amount_fen,
            new=after.amount_fen,
            from_month=change.from_month,
            reason=reason,
            seq=case.seq,
        )
        unit.emit(adjusted, area_code=case.area_code)


async def _figures(unit: UnitOfWork, case: BenefitCase, month: date) -> Figures:
    state = (await states(unit, [case]))[case.id]
    amounts = await due_in(unit, [case], max(month, case.from_month))
    return Figures(state, amounts[case.id])


# ── what is due, and why ─────────────────────────────────────────────────────────────────────────


async def explain(unit: UnitOfWork, case: BenefitCase, month: date) -> Decision | None:
    """Why so much is due in a month, from the facts as they stand now; None outside the case's months."""
    if month < case.from_month or (case.closed_from is not None and month >= case.closed_from):
        return None
    async with whole_family(unit):
        members, incomes = await _facts_of(unit, case.household_id)
    return _decide(case.kind, members, incomes, month, case.area_code)


async def decide_with(
    unit: UnitOfWork, case: BenefitCase, month: date, monthly_income_fen: int
) -> tuple[Decision, str] | None:
    """The decision a new income record leads to, and the id it is kept under; None for 低边, which draws nothing."""
    members, incomes = await _facts_of(unit, case.household_id)
    incomes = [*incomes, IncomeFrom(month_of(month), monthly_income_fen)]
    decision = _decide(case.kind, members, incomes, month_of(month), case.area_code)
    if decision is None:
        return None
    return decision, await keep(unit, decision, parameters(), person_id=case.applicant_id)


async def _facts_of(unit: UnitOfWork, household_id: str) -> tuple[list[Membership], list[IncomeFrom]]:
    return await households.composition(unit, household_id), await households.incomes_of(unit, household_id)


def _decide(
    kind: str,
    members: Sequence[Membership],
    incomes: Sequence[IncomeFrom],
    month: date,
    area_code: str,
    *,
    within_property: bool = True,
) -> Decision | None:
    present = [MemberFacts(age=one.age(month), conditions=list(one.held(month))) for one in counted(members, month)]
    if kind == TEKUN:
        return decide(tekun, TekunFacts(members=present), parameters(), month, area_code)
    income = income_in(incomes, month)
    if income is None or kind == MARGINAL:
        return None
    facts = DibaoFacts(
        income_fen=income.monthly_fen,
        divisor=divided_by(members, income),
        members=present,
        within_property=within_property,
    )
    return decide(dibao, facts, parameters(), month, area_code)
