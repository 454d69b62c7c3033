"""The limit of a re-check runs out."""

from __future__ import annotations

from services.relief.rechecks import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def notice_overdue(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """Mark it overdue unless it is done or no longer asked for."""
    if await service.notice_overdue(unit, timer.key):
        unit.note(case_id=timer.key)
