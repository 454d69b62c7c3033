"""Visits on the wire."""

from datetime import date, datetime
from typing import Literal

from shared.ids import UuidStr
from shared.web import Wire
from shared.web.wire import LongText


class VisitOut(Wire):
    """A visit that is planned or done."""

    id: UuidStr
    household_id: str
    kind: Literal["CONDOLENCE"]
    person_id: str
    due_on: date
    done_at: datetime | None
    done_by: str
    remark: str


class VisitDoneIn(Wire):
    """What it found."""

    remark: LongText
