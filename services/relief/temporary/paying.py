"""The money or the goods, the papers that come after, and what is late. Lock order: case, reserve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import col

from services.relief.benefits.due import ONE_OFF
from services.relief.benefits.rates import PAYMENTS
from services.relief.law import in_force
from services.relief.temporary import reserve, telling
from services.relief.temporary.rules import (
    TOWN,
    NotDecided,
    NotYourMoney,
    OrderedAlready,
    TooManyInstalments,
    instalments,
    move,
    refuse_same,
)
from services.relief.temporary.service import DISTRICT_ROLES, LATE, locked, step
from services.relief.temporary.tables import TemporaryCase
from shared import clock
from shared.china import working_days
from shared.contracts.relief import TemporaryPaid
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.payments import Grant, month_of, open_account
from shared.payments.months import plus
from shared.payments.tables import PaymentLine


async def pay(unit: UnitOfWork, case_id: str, how: str) -> TemporaryCase:
    """Hand over money or goods: a town's from its reserve, a district's from the district's money. Of an urgent case
    the papers are due from now. Raises OrderedAlready, NotDecided, NotYourMoney, SeparationOfDuties, ReserveShort."""
    case = await locked(unit, case_id)
    if case.entitlement_id is not None:
        raise OrderedAlready
    is_first = case.state == "ACCEPTED"
    move(case.state, "pay_first" if is_first else "pay")
    if case.decided_at is None or case.amount_fen is None:
        raise NotDecided
    refuse_same(unit.principal.account_id, case.accepted_by, case.decided_by)
    is_district = unit.principal.role in DISTRICT_ROLES
    if case.authority != TOWN and not is_district:
        raise NotYourMoney
    async with unit.elevated("temporary relief: the town's reserve"):
        pay_out = reserve.spend_districts if is_district else reserve.spend
        await pay_out(unit, case.area_code, case.id, case.amount_fen)
    case.paid_by, case.paid_at, case.paid_how = unit.principal.account_id, unit.now, how
    if is_first:
        await step(unit, case, "pay_first", reason=how)
        await _await_papers(unit, case)
    else:
        await step(unit, case, "pay", reason=how)
    await _announce(unit, case)
    return case


async def _announce(unit: UnitOfWork, case: TemporaryCase) -> None:
    assert case.amount_fen is not None
    await telling.tell_paid(unit, case)
    event = TemporaryPaid(
        case_id=case.id, person_id=case.person_id, kind=case.kind, amount=case.amount_fen, level=case.level
    )
    unit.emit(event, area_code=case.area_code)


async def order(unit: UnitOfWork, case_id: str, holder: str, card: str, months: int = 1) -> TemporaryCase:
    """Let the bank pay an approved case with the district's next batch, or in stages, a part a month; a line that
    comes back is paid again by the batch after. Raises OrderedAlready, TemporaryState, SeparationOfDuties,
    TooManyInstalments."""
    case = await locked(unit, case_id)
    move(case.state, "pay")
    if case.entitlement_id is not None:
        raise OrderedAlready
    refuse_same(unit.principal.account_id, case.accepted_by, case.decided_by)
    if months > in_force(unit.today, case.area_code).whole("temporary.instalments"):
        raise TooManyInstalments(field="months")
    assert case.amount_fen is not None
    account_id = await open_account(unit, person_id=case.person_id, area_code=case.area_code, holder=holder, card=card)
    first, *later = instalments(case.amount_fen, months)
    month = month_of(unit.today)
    grant = Grant(
        ONE_OFF.code,
        case.person_id,
        case.area_code,
        month,
        first,
        decision_id=case.decision_id,
        household_id=case.household_id,
        account_id=account_id,
        to_month=plus(month, months - 1),
    )
    (case.entitlement_id,) = await PAYMENTS.grant(unit, grant)
    if later and later[0] != first:
        await PAYMENTS.set_amount(unit, case.entitlement_id, plus(month, 1), later[0], decision_id=case.decision_id)
    case.paid_by = unit.principal.account_id
    case.version += 1
    await unit.flush()
    return case


async def take_over_paid(unit: UnitOfWork) -> int:
    """What the bank has paid in all its parts is paid here too; how many cases."""
    paid = (
        select(func.sum(col(PaymentLine.amount_fen)))
        .where(col(PaymentLine.entitlement_id) == col(TemporaryCase.entitlement_id), col(PaymentLine.state) == "PAID")
        .scalar_subquery()
    )
    waiting = select(col(TemporaryCase.id)).where(
        col(TemporaryCase.entitlement_id).is_not(None),
        col(TemporaryCase.paid_at).is_(None),
        paid >= col(TemporaryCase.amount_fen),
    )
    found = await unit.lock(TemporaryCase, await unit.all(waiting))
    for case in found:
        case.paid_at, case.paid_how = unit.now, "BATCH"
        await step(unit, case, "pay", reason="银行已发放")
        await _announce(unit, case)
    return len(found)


async def _await_papers(unit: UnitOfWork, case: TemporaryCase) -> None:
    days = in_force(unit.today, case.area_code).whole("temporary.papers_limit")
    case.papers_due_on = working_days.add(unit.today, days).date
    await step(unit, case, "await_papers")
    at = clock.start_of_day(case.papers_due_on + timedelta(days=1))
    await set_timer(unit, LATE, f"{case.id}/papers", at, {"case": case.id})


async def complete(unit: UnitOfWork, case_id: str, papers: Sequence[str], words: str) -> TemporaryCase:
    """The papers are all there: closed."""
    case = await locked(unit, case_id)
    await step(unit, case, "complete", reason=words)
    case.papers, case.completed_at = list(papers), unit.now
    await unit.flush()
    return case


async def look_at_clock(unit: UnitOfWork, case_id: str, what: str) -> bool:
    """Hours or days are over; whether something is late by that."""
    case = await unit.get(TemporaryCase, case_id, lock=True)
    is_out = {
        "decision": case.decided_at is None,
        "money": case.paid_at is None and case.state != "REJECTED",
        "papers": case.state == "PAPERS_DUE",
    }[what]
    if not is_out:
        return False
    case.is_late, case.late = True, [*case.late, what.upper()]
    if what == "papers":
        await step(unit, case, "overdue", reason="先行救助后未按期补齐手续")
    await unit.flush()
    return True
