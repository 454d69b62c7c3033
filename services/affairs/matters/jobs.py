"""Work that comes round."""

from __future__ import annotations

from typing import Any

from services.affairs.matters.service import ONE_THING
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def refresh_provisional_dues(unit: UnitOfWork, _occasion: dict[str, Any], _envelope: Envelope) -> None:
    """Due dates in years whose holidays were not published become what they should be."""
    await ONE_THING.refresh_provisional(unit)
