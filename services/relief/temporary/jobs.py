"""Every night: what the bank has paid is paid."""

from __future__ import annotations

from typing import Any

from services.relief.temporary import paying
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def take_over_paid(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Take it over."""
    unit.note(count=await paying.take_over_paid(unit))
