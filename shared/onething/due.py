"""When a task is due, when to warn, and whether it is late. Pure: the calendar of working days is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from shared.china.working_days import Deadline, Unit
from shared.clock import start_of_day, to_business_date
from shared.onething.definition import Limit, LimitUnit


class Calendar(Protocol):
    """The working days of the land; `shared.china.working_days` and its `Calendar` are such."""

    def deadline(self, start: datetime, amount: int, unit: Unit, *, warn_percent: int = 70) -> Deadline:
        """The end of a limit that begins at the instant `start`."""
        ...


class DueState(StrEnum):
    NONE = "none"
    ON_TIME = "on_time"
    WARNING = "warning"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Due:
    """`at`: the first instant that is too late (UTC). `on`: the last business date. `warn_at`: None for a date
    the family chose itself. `provisional`: rests on a year whose holidays are not published yet."""

    at: datetime
    on: date
    warn_at: datetime | None
    provisional: bool = False

    def state_at(self, now: datetime) -> DueState:
        if now >= self.at:
            return DueState.OVERDUE
        if self.warn_at is not None and now >= self.warn_at:
            return DueState.WARNING
        return DueState.ON_TIME


def due(start: datetime, limit: Limit, calendar: Calendar, *, warn_percent: int) -> Due:
    """The due date of `limit` counted from the instant `start`. The warning comes after `warn_percent` of it."""
    if limit.unit is LimitUnit.MINUTE:
        begin, span = start.astimezone(UTC), timedelta(minutes=limit.amount)
        return Due(begin + span, to_business_date(begin + span), begin + span * warn_percent / 100)
    found = calendar.deadline(start, limit.amount, Unit(limit.unit.value), warn_percent=warn_percent)
    return Due(found.at, found.date, found.warn_at, found.provisional)


def due_on(day: date) -> Due:
    """Due on a date the family chose: late only once the day is over."""
    return Due(start_of_day(day + timedelta(days=1)), day, None)
