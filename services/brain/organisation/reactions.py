"""When the day of a planned post has come."""

from services.brain.sessions.service import end_sessions
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def end_sessions_of_former_post(unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
    """The account signs in anew and sees the rows of its new post."""
    await end_sessions(unit, [str(timer.payload["accountId"])], "post_changed")
