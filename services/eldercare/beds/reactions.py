"""Turn-over ends by itself."""

from __future__ import annotations

from services.eldercare.beds import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def end_turnover(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """Maintenance → vacant."""
    await service.end_turnover(unit, timer.payload["bedId"], timer.payload["version"])
