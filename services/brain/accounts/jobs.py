"""Housekeeping of sign-in."""

from typing import Any

from services.brain.accounts.failures import tidy_failures
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def tidy_attempts(unit: UnitOfWork, _timer: dict[str, Any], _envelope: Envelope) -> None:
    """Once a day: counters and steps that no longer mean anything."""
    await tidy_failures(unit)
