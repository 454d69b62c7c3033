"""The two reactions to affairs: a death is confirmed, a confirmation is withdrawn."""

from __future__ import annotations

from services.eldercare.deaths.ending import end_everything
from services.eldercare.deaths.restoring import restore_everything
from services.eldercare.elders import service as elders
from shared import effects
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.settled import EldercareDeathSettled, EldercareDeathUnsettled
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def end_for_death(unit: UnitOfWork, event: DeathConfirmed, envelope: Envelope) -> None:
    """End what she had, once; nothing at all when the case was withdrawn before (domain §10 g)."""
    unit.note(subjects=[event.person_id], case_id=event.death_case_id)
    if await effects.is_annulled(unit, event.death_case_id):
        return
    if await elders.is_marked_dead(unit, event.person_id, event.death_case_id):
        return
    answers = await end_everything(unit, event.death_case_id, event.person_id, event.death_date)
    settled = EldercareDeathSettled(
        death_case_id=event.death_case_id, person_id=event.person_id, effects=answers.whole()
    )
    unit.emit(settled, area_code=envelope.areacode)


async def restore_after_revocation(unit: UnitOfWork, event: DeathRevoked, envelope: Envelope) -> None:
    """Give back what the case ended; before the confirmation it leaves a tombstone only."""
    unit.note(subjects=[event.person_id], case_id=event.death_case_id)
    if await effects.is_annulled(unit, event.death_case_id):
        return
    answers = await restore_everything(unit, event.death_case_id, event.person_id)
    unsettled = EldercareDeathUnsettled(
        death_case_id=event.death_case_id, person_id=event.person_id, effects=answers.whole()
    )
    unit.emit(unsettled, area_code=envelope.areacode)
