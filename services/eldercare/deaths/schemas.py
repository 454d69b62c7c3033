"""Death reports on the wire."""

from __future__ import annotations

from datetime import date, datetime

from shared.web import Wire
from shared.web.wire import LongText, ShortText


class DeathReportIn(Wire):
    """What the reporter knows."""

    death_date: date
    place: ShortText
    note: LongText | None = None


class DeathReportAccepted(Wire):
    """The report is written down; affairs opens or finds the case."""

    report_id: str


class DeathReportOut(Wire):
    """A report."""

    id: str
    person_id: str
    area_code: str
    source: str
    death_date: date
    place: str
    reported_at: datetime
