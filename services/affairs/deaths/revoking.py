"""Undoing a confirmed death: one officer asks, another person approves (domain §10, reversal)."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from services.affairs.cases import service as cases
from services.affairs.cases.service import CaseState, DeathCase
from services.affairs.deaths import service
from services.affairs.deaths.service import CaseEnded
from services.affairs.deaths.tables import DeathRevocation
from services.affairs.law import in_force
from services.affairs.matters import service as matters
from shared.china import working_days
from shared.china.working_days import Unit
from shared.contracts.affairs import DeathRevoked
from shared.db.database import on_constraint
from shared.db.problems import Conflict, Forbidden
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.onething import actions as act


class NotConfirmedYet(Conflict):
    code = "death_not_confirmed"
    detail = "该死亡尚未确认，无需撤销；不属实的请终止个案"


class RevocationRequested(Conflict):
    code = "revocation_requested"
    detail = "撤销申请已经提交，等待另一人批准"


class NoRevocationRequested(Conflict):
    code = "no_revocation_requested"
    detail = "没有待批准的撤销申请"


class SamePerson(Forbidden):
    code = "same_person"
    detail = "申请人不能批准自己提出的撤销，须由另一人批准"


on_constraint("uq_death_revocation_open", RevocationRequested)


async def request(unit: UnitOfWork, case_id: str, reason: str, evidence: str) -> tuple[DeathCase, DeathRevocation]:
    """An officer asks for the revocation; nothing is undone yet."""
    case = await service.handled(unit, case_id)
    if case.state in cases.ENDED:
        raise CaseEnded
    if case.state == CaseState.REVOKING:
        raise RevocationRequested
    if case.state in cases.UNCONFIRMED:
        raise NotConfirmedYet
    days = in_force(unit.today, case.area_code).whole("deaths.revocation")
    asked = DeathRevocation(
        id=uuid7(),
        case_id=case.id,
        area_code=case.area_code,
        reason=reason,
        evidence=evidence,
        requested_by=unit.principal.account_id,
        requested_by_person=unit.principal.person_id,
        requested_at=unit.now,
        due_at=working_days.deadline(unit.now, days, Unit.WORKDAY).at,
    )
    unit.add(asked)
    cases.changed(case, state=CaseState.REVOKING)
    await unit.flush()
    unit.note(reason=reason[:200], detail={"revocation": asked.id})
    return case, asked


async def approve(unit: UnitOfWork, case_id: str) -> tuple[DeathCase, DeathRevocation]:
    """The second person agrees: event 48, and everything done is undone. Raises SamePerson, CloseRelative."""
    case, asked = await _asked(unit, case_id)
    who = unit.principal.account_id
    _decide(unit, asked, "APPROVED")
    await matters.withdraw(unit, case, act.revoking(unit.now, who, reason=asked.reason))
    cases.changed(case, state=CaseState.REVOKED, ended_at=unit.now)
    event = DeathRevoked(
        death_case_id=case.id, person_id=case.person_id, reason=asked.reason, by=[asked.requested_by, who]
    )
    unit.emit(event, area_code=case.area_code)
    reporters = await service.mark_mistaken(unit, case.id)
    finding = {"finding": "mistaken_death", "revocation": asked.id, "reporters": reporters}
    unit.note(reason=asked.reason[:200], detail=finding)
    return case, asked


async def decline(unit: UnitOfWork, case_id: str, reason: str) -> tuple[DeathCase, DeathRevocation]:
    """The second person does not agree: the case stands as its matter does."""
    case, asked = await _asked(unit, case_id)
    _decide(unit, asked, "DECLINED", reason)
    _, _, state = await matters.ONE_THING.state(unit, case.id)
    cases.changed(case, state=state.status)
    unit.note(reason=reason[:200], detail={"revocation": asked.id})
    return case, asked


async def _asked(unit: UnitOfWork, case_id: str) -> tuple[DeathCase, DeathRevocation]:
    case = await service.handled(unit, case_id)
    if case.state == CaseState.REVOKED:
        raise CaseEnded
    asked: DeathRevocation | None = await unit.first(
        select(DeathRevocation)
        .where(col(DeathRevocation.case_id) == case.id, col(DeathRevocation.state) == "REQUESTED")
        .with_for_update()
    )
    if asked is None:
        raise NoRevocationRequested
    who = unit.principal
    if who.account_id == asked.requested_by or (who.person_id and who.person_id == asked.requested_by_person):
        raise SamePerson
    return case, asked


def _decide(unit: UnitOfWork, asked: DeathRevocation, state: str, reason: str = "") -> None:
    asked.state, asked.decided_by, asked.decided_at = state, unit.principal.account_id, unit.now
    asked.decision_reason = reason
