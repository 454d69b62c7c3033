"""Spot checks on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from services.relief.benefits.schemas import Kind
from services.relief.spotchecks.service import Found, Quality
from shared.ids import UuidStr
from shared.payments import Month
from shared.web import Wire
from shared.web.wire import LongText

Finding = Literal["CONFIRM", "CORRECT", "REVOKE"]


class DrawIn(Wire):
    """A month that is over."""

    month: Month


class DrawOut(Wire):
    """A draw. With the seed it can be made again: within town and kind the order of md5(applicationId + seed)."""

    id: UuidStr
    area_code: str
    month: Month
    seed: str
    population: int
    drawn: int
    drawn_by: str
    drawn_at: datetime


class FindingIn(Wire):
    """What the district has found."""

    finding: Finding
    remark: LongText


class CorrectionIn(Wire):
    """What the town has done about it."""

    corrected_on: date
    words: LongText


class CheckOut(Wire):
    """A decision of a town that is looked at."""

    id: UuidStr
    draw_id: str
    application_id: str
    case_id: str
    area_code: str
    town: str
    kind: Kind
    month: Month
    ground: Literal["RANDOM", "FILED", "COMPLAINT"]
    due_on: date
    finding: Literal["", "CONFIRM", "CORRECT", "REVOKE"]
    found_by: str
    found_at: datetime | None
    remark: str
    correct_by: date | None
    corrected_on: date | None
    correction: str


class QualityRow(Wire):
    """A town and a kind. `errorRate` is a percentage with two decimals of all that was drawn."""

    town: str
    kind: Kind
    drawn: int
    found: int
    errors: int
    late: int
    error_rate: str

    @classmethod
    def of(cls, row: Quality) -> QualityRow:
        hundredths = row.errors * 10_000 // row.drawn
        return cls.of_row(row, error_rate=f"{hundredths // 100}.{hundredths % 100:02d}")


class QualityOut(Wire):
    """How well towns decide, in a quarter."""

    quarter: Month
    items: list[QualityRow]


class FoundOut(CheckOut):
    """With what the finding did to the delegation."""

    consequence: Literal["", "WARN", "SUSPEND"]

    @classmethod
    def of(cls, found: Found) -> FoundOut:
        return cls.of_row(found.check, consequence=found.consequence)
