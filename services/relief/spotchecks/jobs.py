"""Every night: last month's draw, where it has not been made."""

from __future__ import annotations

from typing import Any

from services.relief.spotchecks import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def draw_last_month(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Draw it once for each district."""
    unit.note(count=await service.draw_missing(unit))
