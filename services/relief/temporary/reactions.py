"""Time: hours to decide and to pay, days for the papers."""

from __future__ import annotations

from services.relief.temporary import paying
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def look_at_clock(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """Say what is late."""
    case_id = timer.payload["case"]
    what = timer.key.rpartition("/")[2]
    if await paying.look_at_clock(unit, case_id, what):
        unit.note(case_id=case_id, detail={"late": what})
