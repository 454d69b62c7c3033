"""Orders follow the people; silence confirms."""

from __future__ import annotations

from services.eldercare.orders import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def follow_person(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """Her orders come with her."""
    await service.follow(unit, event.person_id, event.to_area)


async def confirm_silently(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """The time to object is over."""
    await service.confirm_silently(unit, timer.key)
