"""Subsidies follow the people."""

from __future__ import annotations

from services.eldercare.subsidies import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def follow_person(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """Her subsidies come with her."""
    await service.follow(unit, event.person_id, event.to_area)
