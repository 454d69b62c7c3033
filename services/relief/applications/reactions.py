"""Time does its part: limits run out, notices have hung long enough."""

from __future__ import annotations

from services.relief.applications import limits, publishing
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def look_at_limit(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """Warn, or say that it is overdue and to whom that goes."""
    if said := await limits.look(unit, timer.payload["limit"]):
        unit.note(case_id=timer.payload["limit"], detail={"limit": said})


async def end_publicity(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """Nobody has spoken: on to the review."""
    application = await publishing.end_publicity(unit, timer.key)
    if application is not None:
        unit.note(subjects=[application.applicant_id], case_id=application.id)
