"""Following the person file: who becomes an elder, moves, or has another relative."""

from __future__ import annotations

from services.eldercare.elders import service
from services.eldercare.elders.service import Kin
from shared.contracts.brain import KinshipChanged, PersonMoved, PersonRegistered, PersonUpdated
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def enter_person(unit: UnitOfWork, event: PersonRegistered, envelope: Envelope) -> None:
    """Create the reference."""
    await service.enter(unit, event.person_id, event.area_code, event.birth, event.sex)


async def refresh_person(unit: UnitOfWork, event: PersonUpdated, envelope: Envelope) -> None:
    """Refresh the copy."""
    await service.refresh(unit, event.person_id, event.version, event.life_status)


async def move_person(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """The file follows the person."""
    await service.move(unit, event.person_id, event.to_area)


async def change_relatives(unit: UnitOfWork, event: KinshipChanged, envelope: Envelope) -> None:
    """Relatives may report a death and see care plans."""
    kin = Kin(event.person_id, event.relative_id, event.kind, event.version)
    if event.to_date is not None and event.to_date <= unit.today:
        await service.unrelate(unit, kin)
    else:
        await service.relate(unit, [kin])
