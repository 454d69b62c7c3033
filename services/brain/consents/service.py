"""Giving and withdrawing consents, and their end by death."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from services.brain.consents.codes import Purpose
from services.brain.consents.tables import Consent
from services.brain.people.codes import LifeStatus
from services.brain.people.service import open_file
from shared.db.database import on_constraint
from shared.db.problems import Conflict, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7


class ConsentGiven(Conflict):
    code = "consent_given"
    detail = "该事项已有有效的同意"


class PersonDeceased(Conflict):
    code = "person_deceased"
    detail = "该人员已登记为死亡，不能办理"


on_constraint("uq_consent_live", ConsentGiven)


async def give(unit: UnitOfWork, person_id: str, purpose: Purpose) -> Consent:
    """A consent from today on. Raises `ConsentGiven`, `PersonDeceased`."""
    person = await open_file(unit, person_id)
    if person.life_status == LifeStatus.DECEASED:
        raise PersonDeceased
    consent = Consent(
        id=uuid7(),
        person_id=person_id,
        purpose=purpose.value,
        area_code=person.area_code,
        given_on=unit.today,
        given_at=unit.now,
    )
    unit.add(consent)
    await unit.flush()
    return consent


async def withdraw(unit: UnitOfWork, person_id: str, purpose: Purpose) -> Consent:
    """The consent ends now; `NotFound` when there is none."""
    statement = _live([person_id]).where(col(Consent.purpose) == purpose.value)
    found: list[Consent] = await unit.all(statement.with_for_update())
    if not found:
        raise NotFound
    _end(unit, found[0], "WITHDRAWN", None)
    await unit.flush()
    return found[0]


async def end_by_death(unit: UnitOfWork, person_ids: Sequence[str], cause: str) -> list[str]:
    """End all consents under any of a person's ids; the titles of what they were for."""
    found: list[Consent] = await unit.all(_live(person_ids).order_by(col(Consent.id)).with_for_update())
    for consent in found:
        _end(unit, consent, "DECEASED", cause)
    await unit.flush()
    return [Purpose(consent.purpose).words for consent in found]


async def ended_by(unit: UnitOfWork, cause: str) -> list[str]:
    """What the person has to consent to again after the death case was withdrawn: titles."""
    purposes = select(Consent.purpose).where(col(Consent.ended_by) == cause).order_by(col(Consent.id))
    return [Purpose(purpose).words for purpose in await unit.all(purposes)]


def consents_of(person_ids: Sequence[str]) -> Any:
    """The statement that lists the consents under any of a person's ids."""
    return select(Consent).where(col(Consent.person_id).in_(person_ids))


def _live(person_ids: Sequence[str]) -> Any:
    return consents_of(person_ids).where(col(Consent.ended_at).is_(None))


def _end(unit: UnitOfWork, consent: Consent, reason: str, cause: str | None) -> None:
    consent.ended_at = unit.now
    consent.end_reason = reason
    consent.ended_by = cause
