"""Evidence: papers that complete tasks and decide the confirmation, and the word of who saw the person alive."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.affairs.cases import service as cases
from services.affairs.cases.service import DeathCase
from services.affairs.deaths import papers, service
from services.affairs.deaths.rules import COURT, CREMATION, absent, check_date, unit_of_statement
from services.affairs.deaths.service import CaseEnded, Ground
from services.affairs.deaths.tables import DeathEvidence, DeathSource
from services.affairs.law import in_force
from services.affairs.matters import service as matters
from services.affairs.people import service as people
from shared.db.problems import Conflict, Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.onething import Action
from shared.onething import actions as act
from shared.security.person_key import PersonKey

SEEN_ALIVE = "seen_alive"


class AlreadyWithdrawn(Conflict):
    code = "already_withdrawn"
    detail = "该项已经撤回"


class ConfirmedStands(Conflict):
    code = "death_already_confirmed"
    detail = "死亡已经确认，不能撤回；如属误报请申请撤销"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvidence:
    """A paper as it is handed in. `result` are fields of the tasks it completes."""

    kind: str
    id_number: str | None = None
    certificate_no: str | None = None
    death_date: date | None = None
    on_date: date | None = None
    issued_by: str | None = None
    issuer: str | None = None
    note: str | None = None
    cause_class: str | None = None
    placement: str | None = None
    file_ids: tuple[str, ...] = ()


async def give(unit: UnitOfWork, key: PersonKey, case_id: str, new: NewEvidence) -> tuple[DeathEvidence, Ground]:
    """Take evidence in; the row, and how the case stands with it.

    A paper of somebody else completes nothing: it is kept as the contradiction it is. Raises Invalid naming each
    field, CaseEnded, CloseRelative.
    """
    case = await service.handled(unit, case_id)
    if case.state in cases.ENDED:
        raise CaseEnded
    await _check(unit, case, new)
    await papers.must_be_there(unit, case, new.file_ids)
    row = await _keep(unit, key, case, new)
    if row.matches and new.id_number:
        cases.keep_number(unit, case, new.id_number)
    if new.kind != SEEN_ALIVE and row.matches is not False:
        await matters.record(unit, case, *await _actions(unit, case, row, new))
    ground = await service.changed_ground(unit, case)
    told = {"evidence": row.id, "kind": row.kind, "matches": row.matches}
    unit.note(detail=told | {"contradictions": list(ground.assessment.contradictions)})
    return row, ground


async def _check(unit: UnitOfWork, case: DeathCase, new: NewEvidence) -> None:
    given = {name for name in NewEvidence.__slots__ if getattr(new, name) is not None}
    missing = absent(new.kind, given)
    if missing:
        errors = [
            {"field": _wire(name, new.kind), "code": "required", "message": f"请填写{title}"} for name, title in missing
        ]
        raise Invalid("evidence_incomplete", "证据填写不完整", errors=errors)
    person = await unit.session.get(people.Person, case.person_id)
    oldest = in_force(unit.today, case.area_code).whole("deaths.oldest")
    for name in ("death_date", "on_date"):
        on: date | None = getattr(new, name)
        if on is not None:
            birth = person.birth if person else None
            check_date(on, birth=birth, today=unit.today, oldest_years=oldest, field=_wire(name, new.kind))


_WIRE = {"id_number": "idNumber", "death_date": "deathDate", "issued_by": "issuedBy", "issuer": "issuer"}


def _wire(name: str, kind: str) -> str:
    return _WIRE.get(name) or ("seenOn" if kind == SEEN_ALIVE else "onDate")


async def _keep(unit: UnitOfWork, key: PersonKey, case: DeathCase, new: NewEvidence) -> DeathEvidence:
    evidence_id = uuid7()
    named = await people.resolve(unit, key.id_for(new.id_number)) if new.id_number else None
    is_statement = new.kind == "health_statement"
    row = DeathEvidence(
        id=evidence_id,
        case_id=case.id,
        person_id=case.person_id,
        area_code=case.area_code,
        kind=new.kind,
        id_number=_sealed(unit, "id_number", evidence_id, new.id_number),
        certificate_no=_sealed(unit, "certificate_no", evidence_id, new.certificate_no),
        named_person_id=named,
        matches=None if named is None else named == case.person_id,
        unit_id=unit_of_statement(new.issued_by or "", new.issuer or "", case.area_code) if is_statement else "",
        issuer=new.issuer or "",
        death_date=new.death_date,
        on_date=new.on_date,
        note=new.note or "",
        file_ids=list(new.file_ids),
        given_by=unit.principal.account_id,
        given_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    return row


def _sealed(unit: UnitOfWork, field: str, row_id: str, value: str | None) -> bytes | None:
    return unit.vault.seal(DeathEvidence, field, row_id, value) if value else None


async def _actions(unit: UnitOfWork, case: DeathCase, row: DeathEvidence, new: NewEvidence) -> list[Action]:
    by = unit.principal.account_id
    found: list[Action] = []
    if new.kind in (COURT, CREMATION):
        kinds = {one.kind for one in (await service.ground(unit, case)).evidence if one.withdrawn_at is None}
        found.append(act.fact_set(unit.now, by, {"cremated": _is_cremated(kinds)}))
    # Neither numbers of certificates nor of people go into the history of a matter: it names our own record.
    on = (new.on_date or unit.today).isoformat()
    result: dict[str, Any] = {"certificateId": row.id, "cancelledOn": on, "invalidatedOn": on, "placedOn": on}
    if new.cause_class:
        result["causeClass"] = new.cause_class
    if new.placement:
        result["placement"] = new.placement
    found.append(act.evidence(unit.now, by, new.kind, row.id, result=result))
    return found


def _is_cremated(kinds: Collection[str]) -> bool:
    """A declared death leaves no body; everybody else is assumed to be cremated."""
    return CREMATION in kinds or COURT not in kinds


async def withdraw(unit: UnitOfWork, case_id: str, evidence_id: str, reason: str) -> Ground:
    """A paper turned out wrong, before the confirmation. Raises NotFound, AlreadyWithdrawn, ConfirmedStands."""
    case = await _unconfirmed(unit, case_id)
    row = await unit.get(DeathEvidence, evidence_id, lock=True)
    _withdraw(unit, row, case, reason)
    await unit.flush()
    by = unit.principal.account_id
    _, _, state = await matters.ONE_THING.state(unit, case.id)
    if row.id in state.evidence:
        await matters.record(unit, case, act.evidence_withdrawn(unit.now, by, row.id, reason=reason))
    if row.kind in (COURT, CREMATION):
        kinds = {one.kind for one in (await service.ground(unit, case)).evidence if one.withdrawn_at is None}
        await matters.record(unit, case, act.fact_set(unit.now, by, {"cremated": _is_cremated(kinds)}))
    return await service.changed_ground(unit, case)


async def withdraw_source(unit: UnitOfWork, case_id: str, source_id: str, reason: str) -> Ground:
    """A report turned out wrong in itself (a wrong date), before the confirmation."""
    case = await _unconfirmed(unit, case_id)
    row = await unit.get(DeathSource, source_id, lock=True)
    _withdraw(unit, row, case, reason)
    return await service.changed_ground(unit, case)


async def _unconfirmed(unit: UnitOfWork, case_id: str) -> DeathCase:
    case = await service.handled(unit, case_id)
    if case.state in cases.ENDED:
        raise CaseEnded
    if case.state not in cases.UNCONFIRMED:
        raise ConfirmedStands
    return case


def _withdraw(unit: UnitOfWork, row: DeathEvidence | DeathSource, case: DeathCase, reason: str) -> None:
    if row.case_id != case.id:
        raise NotFound
    if row.withdrawn_at is not None:
        raise AlreadyWithdrawn
    row.withdrawn_at, row.withdrawn_reason = unit.now, reason
    unit.note(reason=reason[:200], detail={"withdrawn": row.id})
