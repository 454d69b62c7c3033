"""Recurring work: each occurrence enters the inbox once, also those a sleeping suite has missed."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile

from shared.clock import SHANGHAI
from shared.events.handling import Handler


@dataclass(frozen=True, slots=True)
class Schedule:
    """`handler(unit, timer, envelope)` every day at `at`, or on `day` of each month; Asia/Shanghai.

    `catch_up=False` runs only the newest of several missed occurrences (sweeps); True runs each (monthly batches).
    """

    name: str
    handler: Handler
    at: time = time(1, 0)
    day: int | None = None
    catch_up: bool = False

    def due_between(self, after: datetime, until: datetime) -> list[datetime]:
        """Occurrences in (after, until], as UTC instants."""
        found = list(takewhile(lambda moment: moment <= until, self._after(after)))
        return found if self.catch_up else found[-1:]

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence later than this one."""
        return next(self._after(moment))

    def _after(self, moment: datetime) -> Iterator[datetime]:
        day = moment.astimezone(SHANGHAI).date()
        while True:
            if self.day is None or day.day == min(self.day, monthrange(day.year, day.month)[1]):
                instant = datetime.combine(day, self.at, tzinfo=SHANGHAI).astimezone(UTC)
                if instant > moment:
                    yield instant
            day += timedelta(days=1)
