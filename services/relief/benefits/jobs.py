"""Every night: the standards of the parameter files."""

from __future__ import annotations

from typing import Any

from services.relief.benefits.rates import keep_rates
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def take_over_rates(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Take over the parameter files where they changed."""
    await keep_rates(unit)
