"""Opening and keeping death cases."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.affairs.cases.states import ENDED, UNCONFIRMED, CaseState
from services.affairs.cases.tables import DeathCase
from shared.db.database import on_constraint
from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["ENDED", "UNCONFIRMED", "CaseState", "DeathCase"]

_OWN_WORDS = (CaseState.REVOKING, *ENDED)


class CaseStands(Conflict):
    code = "death_case_stands"
    detail = "该人员已有正在办理的死亡个案"


on_constraint("uq_death_case_standing", CaseStands)


async def standing(unit: UnitOfWork, person_id: str) -> DeathCase | None:
    """The person's case that is neither dismissed nor revoked, under lock; hold the person's lock."""
    found: DeathCase | None = await unit.first(
        select(DeathCase)
        .where(col(DeathCase.person_id) == person_id, col(DeathCase.state).not_in(ENDED))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def was_revoked(unit: UnitOfWork, person_id: str) -> bool:
    """Whether the person's newest case was a mistake: brain's word that she lives may still be under way."""
    newest = (
        select(col(DeathCase.state)).where(col(DeathCase.person_id) == person_id).order_by(col(DeathCase.id).desc())
    )
    return bool(await unit.first(newest.limit(1)) == CaseState.REVOKED)


async def open_case(
    unit: UnitOfWork,
    person_id: str,
    area_code: str,
    death_date: date,
    *,
    org_id: str = "",
    cause_case_id: str | None = None,
) -> DeathCase:
    """A new case; raises CaseStands when someone was faster."""
    case = DeathCase(
        id=uuid7(),
        person_id=person_id,
        area_code=area_code,
        org_id=org_id,
        death_date=death_date,
        cause_case_id=cause_case_id,
        opened_at=unit.now,
    )
    unit.add(case)
    await unit.flush()
    return case


async def locked(unit: UnitOfWork, case_id: str) -> DeathCase:
    """The case under lock; NotFound outside the caller's rows."""
    return await unit.get(DeathCase, case_id, lock=True)


async def get(unit: UnitOfWork, case_id: str) -> DeathCase:
    """The case; NotFound outside the caller's rows."""
    return await unit.get(DeathCase, case_id)


def changed(case: DeathCase, **values: Any) -> None:
    """Set columns and count the version."""
    for name, value in values.items():
        setattr(case, name, value)
    case.version += 1


def follow(case: DeathCase, status: str) -> None:
    """Take over how the matter stands, unless the case has a word of its own."""
    if case.state not in _OWN_WORDS and case.state != status:
        changed(case, state=status)


def follow_up(case: DeathCase, since: datetime | None) -> None:
    """Left open too long: the town sees it in its list."""
    if since is not None and case.follow_up_at is None:
        changed(case, follow_up_at=since)


def keep_number(unit: UnitOfWork, case: DeathCase, number: str) -> None:
    """Keep the ID number a fitting paper states."""
    if case.id_number is None:
        case.id_number = unit.vault.seal(DeathCase, "id_number", case.id, number)


async def words_for_departments(unit: UnitOfWork, case_id: str, task_id: str) -> dict[str, Any]:
    """What an outside department is told: `{caseId, taskId, personId, deathDate, idNumber?}`."""
    case = await unit.get(DeathCase, case_id)
    words = {
        "caseId": case.id,
        "taskId": task_id,
        "personId": case.person_id,
        "deathDate": case.death_date.isoformat(),
    }
    if case.id_number is not None:
        words["idNumber"] = unit.vault.open(DeathCase, "id_number", case.id, case.id_number)
    return words


def listing(*, person_id: str | None, state: str | None, needs_follow_up: bool | None) -> Select[Any]:
    """Cases by the declared filters; rows come from the caller's scope."""
    statement = select(DeathCase)
    if person_id is not None:
        statement = statement.where(col(DeathCase.person_id) == person_id)
    if state is not None:
        statement = statement.where(col(DeathCase.state) == state)
    if needs_follow_up is not None:
        since = col(DeathCase.follow_up_at)
        is_open = col(DeathCase.state).not_in((CaseState.CLOSED, *ENDED))
        asked = since.is_not(None) & is_open
        statement = statement.where(asked if needs_follow_up else ~asked)
    return statement
