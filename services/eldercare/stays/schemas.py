"""Stays on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from shared.ids import PersonId
from shared.web import Wire
from shared.web.wire import ShortText

State = Literal["RESERVED", "CHECKED_IN", "ON_LEAVE", "HOSPITAL", "CHECKED_OUT", "DECEASED", "CANCELLED"]


class ClaimIn(Wire):
    """Who is to have the bed."""

    person_id: PersonId


class CheckInIn(Wire):
    """The contract every elder has with the institution (ZJ-EC 23)."""

    contract_no: ShortText


class AbsenceIn(Wire):
    """Away or back."""

    action: Literal["leave", "hospital", "return"]


class EndIn(Wire):
    """Why the stay ends."""

    reason: ShortText


class StayOut(Wire):
    """A stay."""

    id: str
    bed_id: str
    institution_id: str
    person_id: str
    area_code: str
    state: State
    from_at: datetime
    reserved_until: datetime | None
    checked_in_on: date | None
    contract_no: str
    care_level: str
    ended_on: date | None
    end_reason: str
    version: int
