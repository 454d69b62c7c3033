"""Two services as small as they can be: one tells of every step of a file, the other takes it."""

from pathlib import Path

from sqlalchemy import text

from shared.db.unit import UnitOfWork
from shared.events import Envelope, Event, on
from shared.service import ServiceSpec

AREA = "330903100001"
_FOLDER = Path(__file__).parent
_STEP = text("update file set step = :step where id = :id and step = :step - 1")


class FileMoved(Event, type="giver.file.moved.v1"):
    """Of the size our own events have."""

    file_id: str
    person_id: str
    step: int
    reason: str
    decided_by: str


async def take(unit: UnitOfWork, event: FileMoved, _envelope: Envelope) -> None:
    """One guarded update: each step once, and in order."""
    moved = await unit.connection.execute(_STEP, {"id": event.file_id, "step": event.step})
    if not moved.rowcount:
        raise RuntimeError(f"{event.file_id} is not before step {event.step}")
    unit.note(subjects=[event.person_id])


GIVER = ServiceSpec(name="giver", title="giver", folder=_FOLDER, rooms=[])
TAKER = ServiceSpec(name="taker", title="taker", folder=_FOLDER, rooms=[], subscriptions=[on(FileMoved, take)])
