"""Every month: a share of last month's visits is drawn for a second look."""

from __future__ import annotations

from typing import Any

from services.relief.fieldwork import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def draw_visits(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Draw."""
    unit.note(count=await service.draw(unit))
