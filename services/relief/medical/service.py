"""What the routes do with bills and burdens. Lock order: person, household, burden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, text
from sqlmodel import col

from services.relief.applications import intake
from services.relief.households import service as households
from services.relief.households.service import Household
from services.relief.law import BOOK, in_force, parameters
from services.relief.medical.prefilling import facts_of
from services.relief.medical.rules import (
    GENERAL,
    BillCancelled,
    BillInFuture,
    BillKnown,
    BurdenInWrongState,
    LayerFacts,
    OutOfScopeTooLarge,
    PersonUnknown,
    layers_of,
    medical,
    of_bill,
    step_of,
)
from services.relief.medical.tables import MedicalBill, MedicalBurden
from services.relief.rechecks.rules import last_day
from services.relief.warnings import service as warnings
from shared.china import working_days
from shared.contracts.relief import MedicalBurdenExceeded
from shared.db.database import on_constraint
from shared.db.problems import Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7
from shared.payments import month_of
from shared.policy import Decision, Law, Stored, replay
from shared.policy.service import keep_parameters, kept_parameters

__all__ = ["MedicalBill", "MedicalBurden"]

on_constraint("uq_medical_bill_no", BillKnown)

OVERDUE = "relief.medical-burden"
"""Timer: a burden was not given to somebody, or not visited, in time."""


@dataclass(frozen=True, slots=True)
class NewBill:
    """A settlement as medical insurance reports it; texts in the clear, they are sealed here."""

    person_id: str
    bill_no: str
    settled_on: date
    total_fen: int
    out_of_scope_fen: int
    hospital: str = ""
    illness: str = ""


# ── bills ────────────────────────────────────────────────────────────────────────────────────────

_AT_HOME = text("""
    select household_id from member
    where person_id = :person_id and valid_from <= :day and (valid_to is null or valid_to >= :day)
""")
_CLASS = text("""
    select kind from benefit_case
    where household_id = :household_id and from_month <= :month and (closed_from is null or closed_from > :month)
    order by id desc limit 1
""")
_YEAR = text("""
    select coalesce(sum(total_fen), 0) as total, coalesce(sum(out_of_scope_fen), 0) as outside from medical_bill
    where person_id = :person_id and cancelled_at is null and settled_on >= :first and settled_on <= :last
""")


async def enter(unit: UnitOfWork, new: NewBill) -> MedicalBill:
    """A bill of a member of a family: what each layer pays, and what is left to her; her burden and her family's level
    follow. Raises BillInFuture, OutOfScopeTooLarge, PersonUnknown, BillKnown."""
    if new.settled_on > unit.today:
        raise BillInFuture(field="settledOn")
    if new.out_of_scope_fen > new.total_fen:
        raise OutOfScopeTooLarge(field="outOfScope")
    await households.lock_people(unit, [new.person_id])
    row = (await unit.execute(_AT_HOME, {"person_id": new.person_id, "day": new.settled_on})).first()
    if row is None:
        raise PersonUnknown(field="personId")
    household = await households.lock(unit, row.household_id)
    month = month_of(new.settled_on)
    known = (await unit.execute(_CLASS, {"household_id": household.id, "month": month})).scalar()
    first, last = date(new.settled_on.year, 1, 1), date(new.settled_on.year, 12, 31)
    async with unit.elevated("medical: costs of the year"):
        year = (await unit.execute(_YEAR, {"person_id": new.person_id, "first": first, "last": last})).one()
    facts = LayerFacts(
        person_class=known or GENERAL,
        total_fen=new.total_fen,
        out_of_scope_fen=new.out_of_scope_fen,
        year_total_fen=int(year.total),
        year_out_of_scope_fen=int(year.outside),
    )
    paid = of_bill(layers_of(Law(in_force(new.settled_on, household.area_code)), facts.person_class), facts)
    async with unit.elevated("policy: keep parameter set"):
        await keep_parameters(unit, parameters())
    await unit.enter(MedicalBill, [_row(unit, household, new, facts, paid)])
    await _follow(unit, household, new.person_id)
    bill: MedicalBill = await unit.first(select(MedicalBill).where(col(MedicalBill.bill_no) == new.bill_no))
    return bill


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one settlement of many: ENTERED, KNOWN, or REFUSED with the refusal's code."""

    bill_no: str
    outcome: str
    code: str = ""


_KNOWN = text("select bill_no from medical_bill where bill_no = any(cast(:numbers as text[]))")
_HOMES = text("select distinct household_id from member where person_id = any(cast(:people as text[]))")


async def receive(unit: UnitOfWork, bills: Sequence[NewBill]) -> list[Received]:
    """A delivery of medical insurance, as it comes: what is known is passed over, what cannot be taken is refused by
    itself. The same delivery again changes nothing."""
    people = [bill.person_id for bill in bills]
    await households.lock_people(unit, people)
    homes = (await unit.execute(_HOMES, {"people": people})).scalars().all()
    await unit.lock(Household, list(homes))
    async with unit.elevated("medical: settlements that are known"):
        found = await unit.execute(_KNOWN, {"numbers": [bill.bill_no for bill in bills]})
        known = set(found.scalars().all())
    received = []
    for bill in bills:
        if bill.bill_no in known:
            received.append(Received(bill.bill_no, "KNOWN"))
            continue
        known.add(bill.bill_no)
        try:
            await enter(unit, bill)
        except (Invalid, NotFound) as refusal:  # by the rules, before anything is written
            received.append(Received(bill.bill_no, "REFUSED", refusal.code))
        else:
            received.append(Received(bill.bill_no, "ENTERED"))
    return received


def _row(
    unit: UnitOfWork, household: Household, new: NewBill, facts: LayerFacts, paid: Mapping[str, int]
) -> dict[str, Any]:
    bill_id = uuid7()
    return {
        "id": bill_id,
        "person_id": new.person_id,
        "household_id": household.id,
        "area_code": household.area_code,
        "bill_no": new.bill_no,
        "settled_on": new.settled_on,
        "person_class": facts.person_class,
        "total_fen": new.total_fen,
        "out_of_scope_fen": new.out_of_scope_fen,
        **{f"{name.lower()}_fen": fen for name, fen in paid.items()},
        "own_fen": new.total_fen - sum(paid.values()),
        "hospital": unit.vault.seal(MedicalBill, "hospital", bill_id, new.hospital) if new.hospital else None,
        "illness": unit.vault.seal(MedicalBill, "illness", bill_id, new.illness) if new.illness else None,
        "year_total_fen": facts.year_total_fen,
        "year_out_of_scope_fen": facts.year_out_of_scope_fen,
        "rule_version": medical.version,
        "parameter_set": parameters().digest,
        "recorded_by": unit.principal.account_id,
        "recorded_at": unit.now,
        "cancelled_by": "",
    }


async def cancel(unit: UnitOfWork, bill_id: str) -> MedicalBill:
    """Medical insurance has taken the settlement back: it never was. Raises BillCancelled."""
    seen = await unit.get(MedicalBill, bill_id)
    await households.lock_people(unit, [seen.person_id])
    household = await households.lock(unit, seen.household_id)
    bill = await unit.get(MedicalBill, bill_id, lock=True)
    if bill.cancelled_at is not None:
        raise BillCancelled
    bill.cancelled_at, bill.cancelled_by = unit.now, unit.principal.account_id
    await unit.flush()
    await _follow(unit, household, bill.person_id, corrects=True)
    return bill


async def explain(unit: UnitOfWork, bill: MedicalBill) -> Decision:
    """What each layer paid and why, by the rule and the law of that day."""
    facts = LayerFacts(
        person_class=bill.person_class,
        total_fen=bill.total_fen,
        out_of_scope_fen=bill.out_of_scope_fen,
        year_total_fen=bill.year_total_fen,
        year_out_of_scope_fen=bill.year_out_of_scope_fen,
    )
    stored = Stored(
        medical.id,
        bill.rule_version,
        facts.model_dump(mode="json"),
        bill.parameter_set,
        bill.settled_on,
        bill.area_code,
        "settled",
        bill.own_fen,
    )
    return replay(stored, BOOK, await kept_parameters(unit, bill.parameter_set))


def bills_listing(person_id: str | None) -> Select[Any]:
    """Bills of the caller's rows, of one person where named."""
    statement = select(MedicalBill)
    return statement if person_id is None else statement.where(col(MedicalBill.person_id) == person_id)


def text_of(unit: UnitOfWork, row: Any, name: str) -> str:
    """A sealed text of a bill or burden, in the clear."""
    table = MedicalBurden if name == "remark" else MedicalBill
    sealed = getattr(row, name)
    return unit.vault.open(table, name, row.id, sealed) if sealed else ""


# ── burdens ──────────────────────────────────────────────────────────────────────────────────────

_BURDEN = text("""
    select coalesce(sum(own_fen), 0) from medical_bill
    where person_id = :person_id and cancelled_at is null and settled_on > :after and settled_on <= :on
""")


async def burden_of(unit: UnitOfWork, person_id: str, area_code: str, on: date) -> int:
    """Fen a person has paid herself in the twelve months up to a day, wherever that was."""
    months = in_force(on, area_code).whole("warnings.burden_window")
    values = {"person_id": person_id, "after": last_day(on, -months), "on": on}
    async with unit.elevated("medical: burden of a person"):
        return int((await unit.execute(_BURDEN, values)).scalar_one())


async def _follow(unit: UnitOfWork, household: Household, person_id: str, *, corrects: bool = False) -> None:
    """Steps reached call for a visit. Where a bill was an error, steps that are not reached without it, and that nobody
    has gone for, are withdrawn."""
    burden = await burden_of(unit, person_id, household.area_code, unit.today)
    law = in_force(unit.today, household.area_code)
    reached = step_of(burden, law.fen("medical.burden_step"))
    since = last_day(unit.today, -law.whole("warnings.burden_window"))
    recent = select(MedicalBurden).where(
        col(MedicalBurden.person_id) == person_id,
        col(MedicalBurden.raised_on) > since,
        col(MedicalBurden.state) != "WITHDRAWN",
    )
    async with unit.elevated("medical: steps of a burden"):
        steps = await unit.all(recent.order_by(col(MedicalBurden.step)).with_for_update())
        for one in steps:
            if corrects and one.step > reached and one.state != "VISITED":
                one.state = "WITHDRAWN"
                one.version += 1
        await unit.flush()
    known = [one for one in steps if one.state != "WITHDRAWN"]
    if reached > max((one.step for one in known), default=0):
        window_from = min((one.raised_on for one in known), default=unit.today)
        await _raise(unit, household, person_id, reached, window_from, burden)
    await warnings.evaluate_family(unit, household, reason="医疗费用结算", corrects=corrects)


async def _raise(
    unit: UnitOfWork, household: Household, person_id: str, step: int, window_from: date, burden_fen: int
) -> None:
    law = in_force(unit.today, household.area_code)
    limits = {
        name: working_days.deadline(unit.now, law.whole(f"medical.{name}_within"), working_days.Unit.WORKDAY).at
        for name in ("assign", "visit")
    }
    burden = MedicalBurden(
        id=uuid7(),
        person_id=person_id,
        household_id=household.id,
        area_code=household.area_code,
        step=step,
        window_from=window_from,
        amount_fen=burden_fen,
        raised_on=unit.today,
        state="RAISED",
        assign_due_at=limits["assign"],
        visit_due_at=limits["visit"],
        application=await facts_of(unit, household, person_id, burden_fen),
    )
    unit.add(burden)
    await unit.flush()
    for name, at in limits.items():
        await set_timer(unit, OVERDUE, f"{burden.id}/{name}", at, {"burden": burden.id, "limit": name})
    exceeded = MedicalBurdenExceeded(
        person_id=person_id, household_id=household.id, amount=burden_fen, window=window_from, step=step
    )
    unit.emit(exceeded, area_code=household.area_code)


def burdens_listing(*, state: str | None = None, household_id: str | None = None) -> Select[Any]:
    """Burdens of the caller's rows."""
    statement = select(MedicalBurden)
    if state is not None:
        statement = statement.where(col(MedicalBurden.state) == state)
    if household_id is not None:
        statement = statement.where(col(MedicalBurden.household_id) == household_id)
    return statement


async def assign(unit: UnitOfWork, burden_id: str, to: str) -> MedicalBurden:
    """Somebody is to go there. Raises BurdenInWrongState."""
    burden = await _locked(unit, burden_id, "RAISED", "ASSIGNED")
    burden.state, burden.assigned_to, burden.assigned_at = "ASSIGNED", to, unit.now
    await unit.flush()
    return burden


async def visited(unit: UnitOfWork, burden_id: str, outcome: str, remark: str) -> MedicalBurden:
    """Somebody was there, and what came of it; an application is begun with what is known, for the family to sign.
    Raises BurdenInWrongState, ApplicationOpen."""
    seen = await unit.get(MedicalBurden, burden_id)
    household = await households.lock(unit, seen.household_id)
    burden = await _locked(unit, burden_id, "ASSIGNED")
    burden.state, burden.outcome = "VISITED", outcome
    if outcome == "APPLICATION":
        burden.application = await facts_of(unit, household, burden.person_id, burden.amount_fen)
        draft = await intake.apply_again(unit, household.id)
        draft.rigid_spending_fen = burden.application["familySpendingFen"]
        burden.application_id = draft.id
    burden.visited_at, burden.visited_by = unit.now, unit.principal.account_id
    burden.remark = unit.vault.seal(MedicalBurden, "remark", burden.id, remark)
    await unit.flush()
    return burden


async def _locked(unit: UnitOfWork, burden_id: str, *states: str) -> MedicalBurden:
    burden = await unit.get(MedicalBurden, burden_id, lock=True)
    unit.expect_version(burden.version)
    if burden.state not in states:
        raise BurdenInWrongState
    burden.version += 1
    return burden


async def notice_overdue(unit: UnitOfWork, burden_id: str, limit: str) -> bool:
    """A limit has passed: marked where it was not kept."""
    burden = await unit.get(MedicalBurden, burden_id, lock=True)
    is_late = burden.state == "RAISED" or (limit == "visit" and burden.state == "ASSIGNED")
    if is_late and burden.overdue_at is None:
        burden.overdue_at = unit.now
        await unit.flush()
    return is_late
