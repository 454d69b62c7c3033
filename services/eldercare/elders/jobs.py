"""Every morning the birthdays."""

from __future__ import annotations

from typing import Any

from services.eldercare.elders import service
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def welcome_new_elders(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Move those who reached elder age into the elder files."""
    unit.note(count=await service.welcome_new_elders(unit))
