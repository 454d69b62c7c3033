"""Following the person file."""

from __future__ import annotations

from services.charity.people import service
from services.charity.people.service import NewPerson
from shared.contracts.brain import PersonMoved, PersonRegistered
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def enter_person(unit: UnitOfWork, event: PersonRegistered, envelope: Envelope) -> None:
    """Create the reference."""
    await service.add_many(unit, [NewPerson(event.person_id, event.area_code, event.birth)])


async def move_person(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """The reference follows the person."""
    await service.move(unit, event.person_id, event.to_area)
