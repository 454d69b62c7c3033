"""The queue on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from services.eldercare.waiting.service import SupportFigures
from shared.ids import PersonId
from shared.web import Wire


class SupportIn(Wire):
    """The answer of a destitute elder."""

    support: Literal["CENTRAL", "DISPERSED"]
    asked_on: date
    cannot_care_for_self: bool = False


class SupportOut(Wire):
    """The wish as written down."""

    person_id: str
    support: str
    asked_on: date
    cannot_care_for_self: bool


class WaitingIn(Wire):
    """Who is to be queued."""

    person_id: PersonId


class WaitingOut(Wire):
    """A place in the queue."""

    id: str
    person_id: str
    area_code: str
    org_id: str
    priority: int
    reason: str
    queued_at: datetime
    due_at: datetime | None
    state: str
    stay_id: str | None


class SupportFiguresOut(Wire):
    """X-06 over the caller's rows."""

    willing: int
    willing_placed: int
    helpless: int
    helpless_placed: int

    @classmethod
    def of(cls, figures: SupportFigures) -> SupportFiguresOut:
        return cls(
            willing=figures.willing,
            willing_placed=figures.willing_placed,
            helpless=figures.helpless,
            helpless_placed=figures.helpless_placed,
        )
