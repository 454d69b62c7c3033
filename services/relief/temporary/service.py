"""A case from the knock at the door to the money and the papers. Lock order: people, case, reserve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlmodel import col

from services.relief.applications.rules import surveyors
from services.relief.benefits.rules import NoStandard
from services.relief.filings import service as filings
from services.relief.households import service as households
from services.relief.households.rules import AreaOutside
from services.relief.households.service import Household
from services.relief.law import in_force, parameters
from services.relief.rechecks.rules import last_day
from services.relief.temporary import telling
from services.relief.temporary.rules import (
    DISTRICT,
    URGENT,
    BeyondTown,
    DecidedAlready,
    Hardship,
    MinutesMissing,
    NoNoticeNeeded,
    NotGrantable,
    NoticeRunning,
    NotOwn,
    NotUrgent,
    ProposalOutdated,
    TemporaryState,
    move,
    refuse_same,
    temporary,
)
from services.relief.temporary.tables import TemporaryCase, TemporaryPerson, TemporaryStep
from shared import clock
from shared.china import working_days
from shared.db.principals import Role, Scope
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7
from shared.policy import Decision, NoValue, decide
from shared.policy.service import keep

__all__ = ["TemporaryCase", "TemporaryStep"]

LATE = "relief.temporary-late"
"""Timer: the hours or days of a case are over."""

DISTRICT_ROLES = frozenset(
    {Role.DISTRICT_OFFICER, Role.DISTRICT_REVIEWER, Role.DISTRICT_DIRECTOR, Role.FINANCE_OFFICER}
)


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it comes in; the first person applies, or is found in distress."""

    area_code: str
    people: Sequence[str]
    name: str
    residence: str
    kind: str
    cause: str
    cause_text: str
    household_id: str = ""


async def enter(unit: UnitOfWork, new: NewCase) -> TemporaryCase:
    """Take a case in; of an urgent one the hours begin. Raises AreaOutside, NotOwn, PersonDeceased."""
    who = unit.principal
    if who.scope is Scope.PERSON and who.person_id != new.people[0]:
        raise NotOwn
    if who.scope is Scope.AREA and not who.lo <= new.area_code < who.hi:
        raise AreaOutside(field="areaCode")
    if new.household_id:
        await unit.get(Household, new.household_id)
        await filings.refuse_parties(unit, new.household_id)
    await households.living_people(unit, new.people)
    case_id = uuid7()
    case = TemporaryCase(
        id=case_id,
        area_code=new.area_code,
        person_id=new.people[0],
        household_id=new.household_id,
        name=unit.vault.seal(TemporaryCase, "name", case_id, new.name),
        residence=new.residence,
        kind=new.kind,
        cause=new.cause,
        cause_text=new.cause_text,
        heads=len(new.people),
        entered_by=who.account_id,
        submitted_at=unit.now,
    )
    people = [{"case_id": case_id, "person_id": person, "area_code": new.area_code} for person in new.people]
    async with unit.elevated("temporary relief: taken in"):
        unit.add(case)
        if new.kind == URGENT:
            values = in_force(unit.today, new.area_code)
            case.decision_due_at = unit.now + timedelta(hours=values.whole("temporary.decision_hours"))
            case.money_due_at = unit.now + timedelta(hours=values.whole("temporary.money_hours"))
            await set_timer(unit, LATE, f"{case_id}/decision", case.decision_due_at, {"case": case_id})
            await set_timer(unit, LATE, f"{case_id}/money", case.money_due_at, {"case": case_id})
        await unit.flush()
        await unit.execute(insert(table_of(TemporaryPerson)), people)
    return case


async def locked(unit: UnitOfWork, case_id: str) -> TemporaryCase:
    """The case under lock, for somebody who may handle the family's affairs."""
    case = await unit.get(TemporaryCase, case_id, lock=True)
    unit.expect_version(case.version)
    if case.household_id:
        await filings.refuse_parties(unit, case.household_id)
    return case


async def step(unit: UnitOfWork, case: TemporaryCase, action: str, *, reason: str = "") -> None:
    """Take it on. Raises TemporaryState."""
    before, after = case.state, move(case.state, action)
    case.state = after
    case.version += 1
    unit.add(
        TemporaryStep(
            case_id=case.id,
            person_id=case.person_id,
            area_code=case.area_code,
            action=action,
            from_state=before,
            to_state=after,
            actor=unit.principal.account_id,
            post=unit.principal.role.value,
            at=unit.now,
            reason=reason,
        )
    )
    await unit.flush()


async def accept(unit: UnitOfWork, case_id: str) -> TemporaryCase:
    """Accepted."""
    case = await locked(unit, case_id)
    await step(unit, case, "accept")
    case.accepted_by = unit.principal.account_id
    return case


# ── how much, by whom ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Proposal:
    """How heavy the hardship is; the amount per head and the meeting's minutes at level V."""

    level: str
    per_head_fen: int = 0
    is_special: bool = False
    minutes_no: str = ""


async def _propose(unit: UnitOfWork, case: TemporaryCase, new: Proposal) -> Decision:
    """Work out what a locked case comes to. Raises MinutesMissing, NotGrantable, NoStandard."""
    if new.level == "V" and not (new.minutes_no and new.per_head_fen):
        raise MinutesMissing(field="minutesNo")
    case.level, case.is_special = new.level, new.is_special
    case.per_head_fen = new.per_head_fen if new.level == "V" else 0
    case.minutes_no = new.minutes_no if new.level == "V" else ""
    decision = await _assess(unit, case)
    if decision.outcome == "refused":
        sentences = [one.sentence for one in decision.reasons if one.result is False]
        raise NotGrantable(detail="；".join(sentences))
    case.authority, case.amount_fen = decision.outcome, decision.amount_fen
    return decision


async def _assess(unit: UnitOfWork, case: TemporaryCase) -> Decision:
    facts = Hardship(
        kind=case.kind,
        residence=case.residence,
        heads=case.heads,
        level=case.level,
        per_head_fen=case.per_head_fen,
        is_special=case.is_special,
        grants_before=await _grants_before(unit, case),
    )
    try:
        return decide(temporary, facts, parameters(), unit.today, case.area_code)
    except NoValue:
        raise NoStandard from None


async def _grants_before(unit: UnitOfWork, case: TemporaryCase) -> int:
    """Grants for the same cause to anybody of the case within the months that count, wherever they were made. Her
    people are locked: two cases are never decided at once."""
    months = in_force(unit.today, case.area_code).whole("temporary.same_cause_months")
    since = clock.start_of_day(last_day(unit.today, -months))
    async with unit.elevated("temporary relief: grants for the same cause"):
        theirs = select(col(TemporaryPerson.person_id)).where(col(TemporaryPerson.case_id) == case.id)
        cases = select(col(TemporaryPerson.case_id)).where(col(TemporaryPerson.person_id).in_(theirs))
        found = select(func.count()).where(
            col(TemporaryCase.id).in_(cases),
            col(TemporaryCase.id) != case.id,
            col(TemporaryCase.cause) == case.cause,
            col(TemporaryCase.decided_at) > since,
            col(TemporaryCase.state) != "REJECTED",
        )
        return int(await unit.first(found))


async def _with_people(unit: UnitOfWork, case_id: str) -> TemporaryCase:
    """The case, after its people: who begins something for a person holds her first."""
    await unit.get(TemporaryCase, case_id)
    async with unit.elevated("temporary relief: its people"):
        mine = select(col(TemporaryPerson.person_id)).where(col(TemporaryPerson.case_id) == case_id)
        people = await unit.all(mine)
    await households.living_people(unit, people)
    return await locked(unit, case_id)


async def decide_urgent(unit: UnitOfWork, case_id: str, new: Proposal, words: str) -> TemporaryCase:
    """Relief first: decided within hours, on what is plain to see. Raises NotUrgent, DecidedAlready, BeyondTown and
    what `_propose` raises."""
    case = await _with_people(unit, case_id)
    move(case.state, "pay_first")
    if case.kind != URGENT:
        raise NotUrgent
    if case.decided_at is not None:
        raise DecidedAlready
    await _decided(unit, case, await _propose(unit, case, new), words)
    case.version += 1
    return case


@dataclass(frozen=True, slots=True)
class Survey:
    """Who was at the house, what they found, and what they propose."""

    surveyors: Sequence[str]
    finding: str
    proposal: Proposal


async def survey(unit: UnitOfWork, case_id: str, new: Survey) -> TemporaryCase:
    """The normal way: to the house first. Raises TooFewSurveyors and what `_propose` raises."""
    case = await _with_people(unit, case_id)
    move(case.state, "survey")
    if case.decided_at is not None:
        raise DecidedAlready
    names = surveyors(new.surveyors, in_force(unit.today, case.area_code).whole("temporary.surveyors"))
    await _propose(unit, case, new.proposal)
    case.surveyors = unit.vault.seal(TemporaryCase, "surveyors", case.id, "\n".join(names))
    case.finding = new.finding
    await step(unit, case, "survey", reason=new.finding)
    return case


async def publish(unit: UnitOfWork, case_id: str, place: str) -> TemporaryCase:
    """What the district is to decide hangs for seven days. Raises NoNoticeNeeded."""
    case = await locked(unit, case_id)
    move(case.state, "publish")
    if case.authority != DISTRICT:
        raise NoNoticeNeeded
    days = in_force(unit.today, case.area_code).whole("temporary.notice_days")
    case.notice_place, case.notice_to = place, working_days.add_days(unit.today, days).date
    await step(unit, case, "publish")
    return case


async def approve(unit: UnitOfWork, case_id: str, words: str) -> TemporaryCase:
    """Grant what was proposed, on a decision made anew and kept. Raises BeyondTown, NoticeRunning, ProposalOutdated,
    SeparationOfDuties."""
    case = await _with_people(unit, case_id)
    move(case.state, "approve")
    if case.authority == DISTRICT and (case.notice_to is None or unit.today <= case.notice_to):
        raise NoticeRunning if case.notice_to else TemporaryState
    decision = await _assess(unit, case)
    if (decision.outcome, decision.amount_fen) != (case.authority, case.amount_fen):
        raise ProposalOutdated
    await _decided(unit, case, decision, words)
    await step(unit, case, "approve", reason=words)
    return case


async def _decided(unit: UnitOfWork, case: TemporaryCase, decision: Decision, words: str) -> None:
    refuse_same(unit.principal.account_id, case.accepted_by)
    if decision.outcome == DISTRICT and unit.principal.role not in DISTRICT_ROLES:
        raise BeyondTown
    case.decided_by, case.decided_at, case.reason = unit.principal.account_id, unit.now, words
    case.decision_id = await keep(unit, decision, parameters(), person_id=case.person_id)
    await unit.flush()


async def reject(unit: UnitOfWork, case_id: str, words: str, legal_basis: str) -> TemporaryCase:
    """Refuse in writing; also what was decided to be paid first and has not been. Raises SeparationOfDuties."""
    case = await locked(unit, case_id)
    refuse_same(unit.principal.account_id, case.accepted_by)
    await step(unit, case, "reject", reason=words)
    case.reason, case.legal_basis = words, legal_basis
    case.decided_by, case.decided_at, case.amount_fen = unit.principal.account_id, unit.now, None
    await unit.flush()
    await telling.tell_refused(unit, case)
    return case


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def listing(*, state: str | None = None, kind: str | None = None, is_late: bool | None = None) -> Select[Any]:
    """Cases of the caller's rows."""
    statement = select(TemporaryCase)
    if state is not None:
        statement = statement.where(col(TemporaryCase.state) == state)
    if kind is not None:
        statement = statement.where(col(TemporaryCase.kind) == kind)
    if is_late is not None:
        statement = statement.where(col(TemporaryCase.is_late).is_(is_late))
    return statement


def steps(case_id: str) -> Select[Any]:
    """Its history."""
    return select(TemporaryStep).where(col(TemporaryStep.case_id) == case_id)


def name_of(unit: UnitOfWork, case: Any) -> str:
    """The name in the clear."""
    return unit.vault.open(TemporaryCase, "name", case.id, case.name)
