"""What the other rooms and the routes do with warnings. Lock order: household, key ranges (`together`), warning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.relief.households import service as households
from services.relief.households.service import Household, Member
from services.relief.law import BOOK
from services.relief.warnings.evaluating import evaluate, together
from services.relief.warnings.raising import follow_up
from services.relief.warnings.rules import (
    GREEN,
    OF_FAMILY,
    OF_PERSON,
    RED,
    FactEnded,
    FactEndsEarly,
    FactInFuture,
    FactOfFamily,
    FactOfMember,
    OfferUrgentRelief,
    ReferredWhere,
    WarningInWrongState,
)
from services.relief.warnings.tables import FamilyFact, FamilyLevel, FamilyWarning, WarningChange
from shared.contracts.relief import WarningClosed
from shared.db.database import on_constraint
from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.policy import Decision, Stored, replay
from shared.policy.service import kept_parameters

__all__ = ["FamilyFact", "FamilyLevel", "FamilyWarning", "WarningChange"]


class FactKnown(Conflict):
    code = "fact_known"
    detail = "该来源的同一编号已登记"


on_constraint("uq_family_fact_source", FactKnown)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact as it is entered; the detail in the clear, it is sealed here."""

    kind: str
    since: date
    source: str
    source_ref: str = ""
    person_id: str = ""
    until: date | None = None
    detail: str = ""


def fact_row(unit: UnitOfWork, household: Household, new: NewFact) -> dict[str, Any]:
    """The row of a fact."""
    fact_id = uuid7()
    return {
        "id": fact_id,
        "household_id": household.id,
        "area_code": household.area_code,
        "person_id": new.person_id,
        "kind": new.kind,
        "since": new.since,
        "until": new.until,
        "source": new.source,
        "source_ref": new.source_ref,
        "detail": unit.vault.seal(FamilyFact, "detail", fact_id, new.detail) if new.detail else None,
        "recorded_by": unit.principal.account_id,
        "recorded_at": unit.now,
        "withdrawn_by": "",
    }


async def record(unit: UnitOfWork, household_id: str, new: NewFact) -> FamilyFact:
    """Something happened to a family or a member of it; its level follows at once. Raises FactInFuture, FactEndsEarly,
    FactOfMember, FactOfFamily, FactKnown."""
    household = await households.lock(unit, household_id)
    if new.since > unit.today or (new.until is not None and new.until > unit.today):
        raise FactInFuture(field="since")
    if new.until is not None and new.until < new.since:
        raise FactEndsEarly(field="until")
    if new.kind in OF_FAMILY and new.person_id:
        raise FactOfFamily(field="personId")
    if new.kind in OF_PERSON and not await _is_member(unit, household_id, new.person_id):
        raise FactOfMember(field="personId")
    row = fact_row(unit, household, new)
    await unit.enter(FamilyFact, [row])
    await evaluate_family(unit, household, reason=f"登记情况 {new.kind}")
    return await unit.get(FamilyFact, row["id"])


async def end(unit: UnitOfWork, fact_id: str, until: date) -> FamilyFact:
    """Its last day. Raises FactEnded, FactInFuture, FactEndsEarly."""
    fact, household = await _open_fact(unit, fact_id)
    if until > unit.today:
        raise FactInFuture(field="until")
    if until < fact.since:
        raise FactEndsEarly(field="until")
    if fact.until is not None:
        raise FactEnded
    fact.until = until
    await unit.flush()
    await evaluate_family(unit, household, reason=f"情况结束 {fact.kind}")
    return fact


async def withdraw(unit: UnitOfWork, fact_id: str) -> FamilyFact:
    """It was recorded in error: the level is as if it had never been. Raises FactEnded."""
    fact, household = await _open_fact(unit, fact_id)
    fact.withdrawn_at, fact.withdrawn_by = unit.now, unit.principal.account_id
    await unit.flush()
    await evaluate_family(unit, household, reason=f"撤回情况 {fact.kind}", corrects=True)
    return fact


async def _open_fact(unit: UnitOfWork, fact_id: str) -> tuple[FamilyFact, Household]:
    seen = await unit.get(FamilyFact, fact_id)
    household = await households.lock(unit, seen.household_id)
    fact = await unit.get(FamilyFact, fact_id, lock=True)
    if fact.withdrawn_at is not None:
        raise FactEnded
    return fact, household


async def _is_member(unit: UnitOfWork, household_id: str, person_id: str) -> bool:
    mine = select(Member).where(col(Member.household_id) == household_id, col(Member.person_id) == person_id)
    return await unit.first(mine.limit(1)) is not None


def facts_listing(household_id: str) -> Select[Any]:
    """All facts of a family, also ended and withdrawn ones."""
    return select(FamilyFact).where(col(FamilyFact.household_id) == household_id)


def detail_of(unit: UnitOfWork, fact: Any) -> str:
    """What was written about it, in the clear."""
    return unit.vault.open(FamilyFact, "detail", fact.id, fact.detail) if fact.detail else ""


# ── levels ───────────────────────────────────────────────────────────────────────────────────────


async def evaluate_family(unit: UnitOfWork, household: Household, *, reason: str, corrects: bool = False) -> None:
    """Evaluate one locked family now. `corrects`: what raised its level was an error."""
    await together(unit)
    async with unit.elevated("warnings: level of a family"):
        done = await evaluate(unit, household.id, household.id, unit.today, corrects=corrects)
        await follow_up(unit, done.moved, unit.today, reason=reason, corrects=corrects)


async def evaluate_families(
    unit: UnitOfWork, household_ids: Sequence[str], *, reason: str, corrects: bool = False
) -> None:
    """The same for a few, locked here."""
    for household in await unit.lock(Household, household_ids):
        await evaluate_family(unit, household, reason=reason, corrects=corrects)


async def households_of(unit: UnitOfWork, person_id: str) -> list[str]:
    """All households a person is or was a member of."""
    return await unit.all(select(col(Member.household_id)).where(col(Member.person_id) == person_id).distinct())


async def level_of(unit: UnitOfWork, household_id: str) -> FamilyLevel | None:
    """Where a family stands; None before its first evaluation. NotFound outside the caller's rows."""
    await unit.get(Household, household_id)
    return await unit.session.get(FamilyLevel, household_id, populate_existing=True)


# ── what is done about a warning ─────────────────────────────────────────────────────────────────


async def visit(unit: UnitOfWork, warning_id: str, *, has_offered_relief: bool | None) -> FamilyWarning:
    """Somebody was there. Raises WarningInWrongState, OfferUrgentRelief."""
    warning = await locked(unit, warning_id)
    if warning.state not in ("DISPATCHED", "ESCALATED"):
        raise WarningInWrongState
    if warning.level == RED and has_offered_relief is None:
        raise OfferUrgentRelief(field="hasOfferedRelief")
    log(unit, warning, "VISITED", "已上门")
    warning.state, warning.visited_at, warning.visited_by = "VISITED", unit.now, unit.principal.account_id
    warning.has_offered_relief = has_offered_relief
    await unit.flush()
    return warning


async def dispose(unit: UnitOfWork, warning_id: str, disposal: str, department: str, remark: str) -> FamilyWarning:
    """What came of it; where its ground is gone, it is closed with that. Raises WarningInWrongState, ReferredWhere."""
    seen = await unit.get(FamilyWarning, warning_id)
    household = await households.lock(unit, seen.household_id)
    warning = await locked(unit, warning_id)
    if warning.state != "VISITED":
        raise WarningInWrongState
    if (disposal == "REFERRED") != bool(department):
        raise ReferredWhere(field="department")
    log(unit, warning, "DISPOSED", disposal)
    warning.state, warning.disposed_at, warning.disposed_by = "DISPOSED", unit.now, unit.principal.account_id
    warning.disposal, warning.department = disposal, department
    warning.remark = unit.vault.seal(FamilyWarning, "remark", warning.id, remark)
    await unit.flush()
    await evaluate_family(unit, household, reason="处置后评估")
    warning = await unit.get(FamilyWarning, warning_id, lock=True)
    if warning.state == "DISPOSED" and warning.level == GREEN:
        log(unit, warning, "CLOSED", "处置后评估")
        warning.state, warning.closed_at = "CLOSED", unit.now
        closed = WarningClosed(warn_id=warning.id, household_id=warning.household_id, disposal=disposal)
        unit.emit(closed, area_code=warning.area_code)
        await unit.flush()
    return warning


async def held(unit: UnitOfWork, warning_id: str) -> FamilyWarning:
    """A warning, locked after the key ranges. NotFound outside the caller's rows."""
    await together(unit)
    return await unit.get(FamilyWarning, warning_id, lock=True)


async def locked(unit: UnitOfWork, warning_id: str) -> FamilyWarning:
    """A warning that is to be changed by a caller."""
    warning = await held(unit, warning_id)
    unit.expect_version(warning.version)
    warning.version += 1
    return warning


def log(unit: UnitOfWork, warning: FamilyWarning, to_state: str, reason: str, *, holder: str = "") -> None:
    """A step of a warning, before it is taken."""
    unit.add(
        WarningChange(
            warning_id=warning.id,
            area_code=warning.area_code,
            at=unit.now,
            by=unit.principal.account_id,
            from_state=warning.state,
            to_state=to_state,
            from_level=warning.level,
            to_level=warning.level,
            holder=holder or warning.holder,
            reason=reason,
        )
    )


async def explain(unit: UnitOfWork, warning: FamilyWarning) -> Decision:
    """Why it was raised, by the rule and the law of that day."""
    stored = Stored(
        warning.rule,
        warning.rule_version,
        warning.facts,
        warning.parameter_set,
        warning.found_on,
        warning.area_code,
        warning.found_level,
        None,
    )
    return replay(stored, BOOK, await kept_parameters(unit, warning.parameter_set))


def listing(
    *,
    level: str | None = None,
    state: str | None = None,
    holder: str | None = None,
    household_id: str | None = None,
) -> Select[Any]:
    """Warnings of the caller's rows."""
    statement = select(FamilyWarning)
    for column, value in (
        (FamilyWarning.level, level),
        (FamilyWarning.state, state),
        (FamilyWarning.holder, holder),
        (FamilyWarning.household_id, household_id),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    return statement


def changes_listing(warning_id: str) -> Select[Any]:
    """Every step of a warning."""
    return select(WarningChange).where(col(WarningChange.warning_id) == warning_id)


def remark_of(unit: UnitOfWork, warning: FamilyWarning) -> str:
    """What was written at its disposal, in the clear."""
    return unit.vault.open(FamilyWarning, "remark", warning.id, warning.remark) if warning.remark else ""
