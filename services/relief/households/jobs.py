"""Every night: who has left a family no longer sees it."""

from __future__ import annotations

from typing import Any

from services.relief.households import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def forget_former_members(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Take the view from those whose membership has ended."""
    unit.note(count=await service.forget_former(unit))
