"""A volunteer moves."""

from __future__ import annotations

from services.charity.volunteers import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def move_volunteer(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """The account follows the person."""
    await service.move(unit, event.person_id, event.to_area)
