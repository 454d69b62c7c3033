"""A person moves; the heirs' time is over; a day ends."""

from __future__ import annotations

from typing import Any

from services.charity.points import expiry, heirs, service
from shared.contracts.brain import PersonMoved
from shared.db.unit import UnitOfWork
from shared.events import Envelope, Timer


async def move_account(unit: UnitOfWork, event: PersonMoved, envelope: Envelope) -> None:
    """The account follows the person."""
    await service.move(unit, event.person_id, event.to_area)


async def give_to_pool(unit: UnitOfWork, timer: Timer, envelope: Envelope) -> None:
    """A year after the death what nobody inherited goes to the pool."""
    person_id = timer.payload["personId"]
    points = await heirs.give_to_pool(unit, person_id, timer.payload["caseId"])
    unit.note(subjects=[person_id], case_id=timer.payload["caseId"], detail={"points": points})


async def expire_points(unit: UnitOfWork, timer: dict[str, Any], envelope: Envelope) -> None:
    """Every night: points whose last day is over."""
    count = 0
    while done := await expiry.expire(unit):
        count += done
    unit.note(count=count)
