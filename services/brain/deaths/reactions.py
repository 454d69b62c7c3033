"""Confirmed and revoked deaths arrive; each is answered, also where there was nothing to do."""

from services.brain.deaths import service
from services.brain.people.service import resolve
from shared import effects
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.settled import BrainDeathSettled, BrainDeathUnsettled
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def settle_death(unit: UnitOfWork, event: DeathConfirmed, envelope: Envelope) -> None:
    """End what ends with a life. A case that was withdrawn before does nothing (domain §10 g)."""
    case = event.death_case_id
    area_code: str | None = None
    if await effects.is_annulled(unit, case):
        done = service.nothing_at_all(event.person_id, "该死亡确认已被撤销")
    else:
        person_id = await resolve(unit, event.person_id)
        area_code, done = await service.settle(unit, person_id, cause=case, death_date=event.death_date)
    unit.note(subjects=[event.person_id])
    answer = BrainDeathSettled(death_case_id=case, person_id=event.person_id, effects=done)
    unit.emit(answer, area_code=area_code or envelope.areacode)


async def unsettle_death(unit: UnitOfWork, event: DeathRevoked, envelope: Envelope) -> None:
    """Put everything back; the second time there is nothing left to do or to say."""
    case = event.death_case_id
    if await effects.is_annulled(unit, case):
        return
    done = await service.unsettle(unit, await resolve(unit, event.person_id), cause=case)
    unit.note(subjects=[event.person_id], reason=event.reason)
    answer = BrainDeathUnsettled(death_case_id=case, person_id=event.person_id, effects=done)
    unit.emit(answer, area_code=envelope.areacode)
