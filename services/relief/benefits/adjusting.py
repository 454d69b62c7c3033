"""Around every change of what a family's benefits follow from: compared, settled, announced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

from services.relief.benefits.rates import PAYMENTS, keep_rates
from services.relief.benefits.standing import Figures, due_in, is_over, of_household, states
from services.relief.benefits.tables import BenefitCase
from services.relief.households.service import Household
from shared.contracts.relief import BenefitAdjusted, BenefitClosed
from shared.db.unit import UnitOfWork
from shared.payments import Settled, month_of
from shared.payments.entitlements import reconsider


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
