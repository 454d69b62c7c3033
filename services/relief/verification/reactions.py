"""What the sources answer, and time."""

from __future__ import annotations

from services.relief.verification import asking, stepping
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer
from shared.outgoing import CallOutcome


async def hear_source(unit: UnitOfWork, outcome: CallOutcome, _envelope: Envelope) -> None:
    """A source answered, refused or cannot be reached."""
    verification = await asking.hear(unit, outcome)
    if verification is not None:
        unit.note(subjects=[verification.applicant_id], case_id=verification.id, detail={"source": outcome.operation})


async def end_waiting(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """A source's time is over."""
    await asking.over_time(unit, timer.payload["verification"], timer.payload["source"])


async def ask_again(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """A source that stayed away is asked once more."""
    times = int(timer.key.rpartition("/")[2])
    await asking.come_back(unit, timer.payload["verification"], timer.payload["source"], times)


async def look_at_limit(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """The limit of a check is over."""
    if await stepping.look_at_limit(unit, timer.payload["verification"]):
        unit.note(case_id=timer.payload["verification"], detail={"limit": "overdue"})
