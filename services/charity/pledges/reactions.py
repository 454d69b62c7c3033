"""A beneficiary moves."""

from __future__ import annotations

from services.charity.pledges import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def move_pledges(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """What is pledged to her belongs to the new area."""
    await service.move(unit, event.person_id, event.to_area)
