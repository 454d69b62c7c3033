"""Orders on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared.ids import PersonId
from shared.web import Wire
from shared.web.wire import ShortText

State = Literal[
    "CREATED",
    "DISPATCHED",
    "ACCEPTED",
    "CHECKED_IN",
    "CHECKED_OUT",
    "ANOMALY",
    "CONFIRMED",
    "AUDITED",
    "SETTLED",
    "CANCELLED",
    "VOID",
]


class OrderIn(Wire):
    """A wish for a service."""

    person_id: PersonId
    item: ShortText
    slot_from: AwareDatetime
    minutes: Annotated[int, Field(ge=10, le=480)] = 60
    provider_id: ShortText


class DispatchIn(Wire):
    """Who is to go."""

    carer_id: ShortText


class ReasonIn(Wire):
    """Why."""

    reason: ShortText


class ReviewIn(Wire):
    """The end of an anomaly's review."""

    outcome: Literal["clear", "void"]
    reason: ShortText


class OrderOut(Wire):
    """An order."""

    id: str
    person_id: str
    area_code: str
    provider_id: str
    carer_id: str
    item: str
    minutes: int
    slot_from: datetime
    slot_to: datetime
    state: State
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    reason: str
    version: int
