"""A beneficiary moves; a term is over."""

from __future__ import annotations

from typing import Any

from services.charity.pairing import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def move_pairings(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """Her pairings belong to the new area."""
    await service.move(unit, event.person_id, event.to_area)


async def lapse_pairings(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Every night: pairings whose term is over end."""
    while await service.lapse(unit):
        pass
