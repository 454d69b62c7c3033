"""The timeline listens to everything anyone publishes about a person."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import shared.contracts
from services.brain.timeline import service
from shared.contracts.brain import PersonCorrected, PersonMerged, PersonMoved, PersonRegistered
from shared.db.unit import UnitOfWork
from shared.documents import read_document
from shared.events import Envelope, Event, Subscription
from shared.events.contract import contracts
from shared.ids import is_person_id

TITLES: dict[str, str] = read_document((Path(__file__).parent / "titles.yaml").read_text(encoding="utf-8"))
_PERSON_BY_ANOTHER_NAME = (PersonMerged, PersonCorrected)
_PLACING = {PersonMoved.event_type(), PersonRegistered.event_type()}


def person_events() -> list[str]:
    """Types of all contracts whose subject is a person, whoever publishes them."""
    for module in iter_modules(shared.contracts.__path__):
        import_module(f"shared.contracts.{module.name}")
    return sorted(event_type for event_type, event in contracts().items() if _is_about_a_person(event))


def subscriptions() -> list[Subscription]:
    """One handler for all; order-free, for the time of an event says where it stands."""
    return [Subscription(event_type, enter, dict, order_free=True) for event_type in person_events()]


async def enter(unit: UnitOfWork, _data: dict[str, Any], envelope: Envelope) -> None:
    """Write the row; a registration or a move brings earlier rows along."""
    if not is_person_id(envelope.subject):
        return
    await service.enter(unit, envelope, TITLES)
    if envelope.type in _PLACING:
        await service.follow_person(unit, envelope.subject)


def _is_about_a_person(event: type[Event]) -> bool:
    if event in _PERSON_BY_ANOTHER_NAME:
        return True
    return "person_id" in event.model_fields and event.subject is Event.subject
