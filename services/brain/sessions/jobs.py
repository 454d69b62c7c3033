"""Housekeeping of sign-in."""

from typing import Any

from services.brain.sessions import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def tidy_sessions(unit: UnitOfWork, _timer: dict[str, Any], _envelope: Envelope) -> None:
    """Once a day: tokens nobody can use, sessions that ran out."""
    await service.tidy(unit)
