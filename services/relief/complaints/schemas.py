"""Complaints on the wire."""

from __future__ import annotations

from datetime import date, datetime

from services.relief.complaints import service
from services.relief.complaints.service import Complaint
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.security.masking import PersonName, PersonNameIn
from shared.web import Wire
from shared.web.wire import LongText


class ComplaintIn(Wire):
    """What somebody says; she may stay unnamed."""

    text: LongText
    name: PersonNameIn | None = None


class AnswerIn(Wire):
    """What is answered."""

    answer: LongText


class ComplaintOut(Wire):
    """A complaint."""

    id: UuidStr
    application_id: str
    name: PersonName
    text: str
    raised_at: datetime
    due_on: date
    answer: str
    answered_at: datetime | None
    answered_by: str

    @classmethod
    def of(cls, unit: UnitOfWork, row: Complaint) -> ComplaintOut:
        return cls.of_row(row, name=service.complainer_of(unit, row))
