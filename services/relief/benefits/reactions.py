"""The term of a recognition runs out."""

from __future__ import annotations

from services.relief.benefits import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def end_term(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """End it unless it has ended before; whoever still needs it applies again."""
    if await service.end_term(unit, timer.key):
        unit.note(case_id=timer.key)
