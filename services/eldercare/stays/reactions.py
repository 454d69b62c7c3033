"""Stays follow the people; reservations run out."""

from __future__ import annotations

from services.eldercare.stays import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def follow_person(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """Her stays come with her."""
    await service.follow(unit, event.person_id, event.to_area)


async def lapse_reservation(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """The bed is free again."""
    await service.lapse(unit, timer.key)
