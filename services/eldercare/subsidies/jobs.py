"""The month's work: new candidates, then the batches."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from services.eldercare.subsidies import service
from shared import clock
from shared.db.unit import UnitOfWork
from shared.events import Envelope
from shared.payments import month_of

log = logging.getLogger("puyou.eldercare.subsidies")


async def propose(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """First of the month: who has come of age or into need."""
    month = month_of(clock.to_business_date(datetime.fromisoformat(timer["due_at"])))
    unit.note(count=await service.propose(unit, month))


async def run(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Day 20: freeze the month's batches (domain §1.5)."""
    month = month_of(clock.to_business_date(datetime.fromisoformat(timer["due_at"])))
    for district, scheme in await service.run_everywhere(unit, month):
        log.warning("a draft of another month is still open", extra={"district": district, "scheme": scheme})
