"""Working days and time limits.

Counting follows the Civil Code: the first day is not counted (art. 201), a period that would end on a rest
day ends on the next working day (art. 203), and it ends at 24:00. Which days are worked is taken from the
State Council's yearly notices, never from the weekday alone. A date that rests on a year without a notice is
*provisional*: right by weekdays and fixed statutory days, to be counted again when the notice is known. So
keep a limit's start, amount and unit beside its date, and ask a calendar with the new notice again.

The module's functions use the calendar of the process; `install` replaces it, for example by
`published().with_notices(late_notice)`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from shared import clock
from shared.china import holiday_notices
from shared.china.holiday_notices import Notice

WARN_PERCENT = 70
"""The house's share of a limit after which it warns; a limit of its own mind passes another (domain §1.5)."""

_ONE_DAY = dt.timedelta(days=1)
# A notice has reached back to 29 December so far; from here on a year's days wait for the notice of the next.
_YEAR_END = (12, 26)


class Unit(StrEnum):
    """What a time limit is counted in: working days, calendar days, or hours by the clock."""

    WORKDAY = "WORKDAY"
    DAY = "DAY"
    HOUR = "HOUR"


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a period."""

    date: dt.date
    provisional: bool


@dataclass(frozen=True, slots=True)
class Deadline(Due):
    """A time limit: `date` is its last business date, `at` the first instant too late (UTC)."""

    at: dt.datetime
    warn_at: dt.datetime
    """When to warn (UTC), before `at`."""


class Calendar:
    """Working days by a set of notices; of two for one year the later one counts. Immutable."""

    def __init__(self, notices: Iterable[Notice]) -> None:
        by_year = {notice.year: notice for notice in notices}
        self._notices = tuple(by_year.values())
        self._years = frozenset(by_year)
        self._rest = frozenset().union(*(notice.rest for notice in self._notices))
        self._work = frozenset().union(*(notice.work for notice in self._notices))

    def with_notices(self, *notices: Notice) -> Calendar:
        """This calendar with more notices, or newer ones for years it has."""
        return Calendar((*self._notices, *notices))

    @property
    def years(self) -> frozenset[int]:
        """The years whose notice is known."""
        return self._years

    def is_working_day(self, day: dt.date) -> bool:
        """Whether offices work on this day."""
        if day in self._work:
            return True
        if day in self._rest or day.weekday() >= 5:
            return False
        return day.year in self._years or day not in holiday_notices.statutory_days(day.year)

    def is_provisional(self, day: dt.date) -> bool:
        """Whether a notice still to come may change this day."""
        if day.year not in self._years:
            return True
        return (day.month, day.day) >= _YEAR_END and day.year + 1 not in self._years

    def add(self, start: dt.date, workdays: int) -> Due:
        """The day `workdays` working days after `start`, which is not counted itself.

        0 gives `start`, or the next working day when it is a rest day.
        """
        _not_negative(workdays)
        if workdays == 0:
            return self._on_or_after(start)
        day, left, provisional = start, workdays, False
        while left:
            day += _ONE_DAY
            provisional = provisional or self.is_provisional(day)
            left -= self.is_working_day(day)
        return Due(day, provisional)

    def add_days(self, start: dt.date, days: int) -> Due:
        """The last day of a period of calendar days after `start`, moved on when it is a rest day."""
        _not_negative(days)
        return self._on_or_after(start + dt.timedelta(days=days))

    def count(self, after: dt.date, until: dt.date) -> int:
        """Working days in (after, until]: what is left of a limit that is paused on `after`; 0 when past."""
        days = (until - after).days
        return sum(self.is_working_day(after + dt.timedelta(days=step)) for step in range(1, days + 1))

    def deadline(self, start: dt.datetime, amount: int, unit: Unit, *, warn_percent: int = WARN_PERCENT) -> Deadline:
        """The end of a limit that begins with an event at the instant `start` (aware; amount ≥ 1).

        The warning comes when `warn_percent` of the counted time has passed: of the working days alone for
        WORKDAY, so that it never falls on a rest day. Hours run through nights and holidays.
        """
        if amount < 1:
            raise ValueError(f"a limit is at least 1, not {amount}")
        if not 0 < warn_percent < 100:
            raise ValueError(f"the warning lies between 1 and 99 percent, not {warn_percent}")
        start_date = clock.to_business_date(start)
        if unit is Unit.HOUR:
            span = dt.timedelta(hours=amount)
            at = start.astimezone(dt.UTC) + span
            return Deadline(clock.to_business_date(at), False, at, at - span * (100 - warn_percent) // 100)
        if unit is Unit.DAY:
            due = self.add_days(start_date, amount)
            at = clock.start_of_day(due.date + _ONE_DAY)
            span = at - clock.start_of_day(start_date + _ONE_DAY)
            return Deadline(due.date, due.provisional, at, at - span * (100 - warn_percent) // 100)
        return _workdays_end(self, start_date, amount, warn_percent)

    def _on_or_after(self, day: dt.date) -> Due:
        provisional = self.is_provisional(day)
        while not self.is_working_day(day):
            day += _ONE_DAY
            provisional = provisional or self.is_provisional(day)
        return Due(day, provisional)


@lru_cache(maxsize=4096)  # a day's matters share their limits, and each is asked for at every look
def _workdays_end(calendar: Calendar, start: dt.date, amount: int, warn_percent: int) -> Deadline:
    due = calendar.add(start, amount)
    whole, rest = divmod(_ONE_DAY * amount * warn_percent // 100, _ONE_DAY)
    warn_at = clock.start_of_day(calendar.add(start, whole + 1).date) + rest
    return Deadline(due.date, due.provisional, clock.start_of_day(due.date + _ONE_DAY), warn_at)


def _not_negative(count: int) -> None:
    if count < 0:
        raise ValueError(f"periods run forward, not {count}")


# ── the calendar of the process ──────────────────────────────────────────────────────────────────

_installed: Calendar | None = None


@cache
def published() -> Calendar:
    """The calendar of the notices that come with the product."""
    return Calendar(holiday_notices.published())


def current() -> Calendar:
    """The calendar in use."""
    return _installed or published()


def install(calendar: Calendar | None) -> None:
    """Use this calendar from now on; None goes back to the published one."""
    global _installed  # noqa: PLW0603 — the law's calendar is one for all of the process
    _installed = calendar


def is_working_day(day: dt.date) -> bool:
    """See `Calendar.is_working_day`."""
    return current().is_working_day(day)


def add(start: dt.date, workdays: int) -> Due:
    """See `Calendar.add`."""
    return current().add(start, workdays)


def add_days(start: dt.date, days: int) -> Due:
    """See `Calendar.add_days`."""
    return current().add_days(start, days)


def count(after: dt.date, until: dt.date) -> int:
    """See `Calendar.count`."""
    return current().count(after, until)


def deadline(start: dt.datetime, amount: int, unit: Unit, *, warn_percent: int = WARN_PERCENT) -> Deadline:
    """See `Calendar.deadline`."""
    return current().deadline(start, amount, unit, warn_percent=warn_percent)
