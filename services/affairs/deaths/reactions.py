"""Eldercare's reports come in; a confirmed or revoked death is told to the family."""

from __future__ import annotations

from services.affairs.deaths import reporting, telling
from services.affairs.deaths.reporting import PersonDeceased, Report
from services.affairs.deaths.service import AlreadyConfirmed
from services.affairs.people import service as people
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.eldercare import ElderDeathReported
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def open_or_join(unit: UnitOfWork, event: ElderDeathReported, envelope: Envelope) -> None:
    """Event 31: a case opens, or one more source joins it. For the dead there is nothing to open."""
    person_id = await people.resolve(unit, event.person_id)
    await people.ensure(unit, person_id, envelope.areacode)
    report = Report(
        kind=event.source,
        unit_id=event.unit_id,
        reporter_id=event.reporter_id,
        death_date=event.death_date,
        reported_at=event.reported_at,
        place=event.place,
        report_id=event.report_id,
        org_id=event.unit_id if event.source == "INSTITUTION" else "",
    )
    try:
        await reporting.enter(unit, await people.locked(unit, person_id), report)
    except (AlreadyConfirmed, PersonDeceased) as known:
        unit.note(subjects=[person_id], code=known.code, detail={"report": event.report_id})


async def tell_family(unit: UnitOfWork, event: DeathConfirmed, _envelope: Envelope) -> None:
    """The family hears what runs by itself now."""
    await telling.tell_of_confirmation(unit, event.death_case_id)


async def apologise(unit: UnitOfWork, event: DeathRevoked, _envelope: Envelope) -> None:
    """To the person and the family (domain §10 e). The stop on messages to her has been lifted before."""
    await telling.apologise(unit, event.death_case_id)
