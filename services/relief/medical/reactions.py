"""A limit of a burden runs out."""

from __future__ import annotations

from services.relief.medical import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def notice_overdue(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """Mark it unless it was kept."""
    if await service.notice_overdue(unit, timer.payload["burden"], timer.payload["limit"]):
        unit.note(case_id=timer.payload["burden"])
