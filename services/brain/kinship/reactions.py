"""When a person moves, her relations move with her rows."""

from services.brain.kinship import service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope


async def follow_move(unit: UnitOfWork, event: PersonMoved, _envelope: Envelope) -> None:
    """The rows take on the new area."""
    await service.follow_area(unit, event.person_id, event.to_area)
