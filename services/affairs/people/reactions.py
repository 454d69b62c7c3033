"""Brain's word on people: registered, updated, moved, merged, related."""

from __future__ import annotations

from services.affairs.people import service
from services.affairs.people.service import NewKin, NewPerson
from shared.contracts.brain import KinshipChanged, PersonMerged, PersonMoved, PersonRegistered, PersonUpdated
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def enter_person(unit: UnitOfWork, event: PersonRegistered, _envelope: Envelope) -> None:
    """A person has a file."""
    await service.add_many(unit, [NewPerson(event.person_id, event.area_code, event.birth, event.sex)])


async def refresh_person(unit: UnitOfWork, event: PersonUpdated, _envelope: Envelope) -> None:
    """Her life status travels in the event, and the id a new ID number gives her."""
    await service.refresh(unit, event.person_id, event.version, event.life_status)
    if event.alias_id is not None:
        await service.merge(unit, event.person_id, event.alias_id)


async def move_person(unit: UnitOfWork, event: PersonMoved, _envelope: Envelope) -> None:
    """She is registered elsewhere."""
    await service.move(unit, event.person_id, event.to_area)


async def merge_person(unit: UnitOfWork, event: PersonMerged, _envelope: Envelope) -> None:
    """Two files are one person."""
    await service.merge(unit, event.keep_id, event.drop_id)


async def change_kin(unit: UnitOfWork, event: KinshipChanged, _envelope: Envelope) -> None:
    """A relation began or ended; each side comes as an event of its own."""
    if event.to_date is None:
        await service.relate_many(unit, [NewKin(event.person_id, event.relative_id, event.kind)])
    else:
        await service.unrelate(unit, event.person_id, event.relative_id)
