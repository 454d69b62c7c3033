"""Confirmed and revoked deaths arrive; each is answered, also where there was nothing to do."""

from __future__ import annotations

from services.relief.deaths import service
from shared import effects
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.settled import ReliefDeathSettled, ReliefDeathUnsettled
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def settle_death(unit: UnitOfWork, event: DeathConfirmed, envelope: Envelope) -> None:
    """End the dead person's share. A case that was withdrawn before does nothing (domain §10 g)."""
    case, person_id, area_code = event.death_case_id, event.person_id, envelope.areacode
    if await effects.is_annulled(unit, case):
        done = service.nothing_at_all(person_id, "该死亡确认已被撤销")
    else:
        area_code, done = await service.settle(
            unit, person_id, cause=case, death_date=event.death_date, area_code=area_code
        )
    unit.note(subjects=[person_id], case_id=case)
    answer = ReliefDeathSettled(death_case_id=case, person_id=person_id, effects=done)
    unit.emit(answer, area_code=area_code)


async def unsettle_death(unit: UnitOfWork, event: DeathRevoked, envelope: Envelope) -> None:
    """Put everything back; the second time there is nothing left to do or to say."""
    case, person_id = event.death_case_id, event.person_id
    if await effects.is_annulled(unit, case):
        return
    area_code, done = await service.unsettle(unit, person_id, cause=case)
    unit.note(subjects=[person_id], case_id=case, reason=event.reason)
    answer = ReliefDeathUnsettled(death_case_id=case, person_id=person_id, effects=done)
    unit.emit(answer, area_code=area_code or envelope.areacode)
