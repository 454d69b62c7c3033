"""Every night: limits whose end rested on holidays nobody knew yet."""

from __future__ import annotations

from typing import Any

from services.relief.applications import limits
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def refresh_limits(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Count them anew once the notice is there."""
    unit.note(count=await limits.refresh_provisional(unit))
