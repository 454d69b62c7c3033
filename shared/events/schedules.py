"""Recurring work: each occurrence enters the inbox once, also those a sleeping suite has missed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

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
        found: list[datetime] = []
        day = after.astimezone(SHANGHAI).date()
        last = until.astimezone(SHANGHAI).date()
        while day <= last:
            if self.day is None or day.day == min(self.day, monthrange(day.year, day.month)[1]):
                moment = self._instant(day)
                if after < moment <= until:
                    found.append(moment)
            day += timedelta(days=1)
        return found if self.catch_up else found[-1:]

    def _instant(self, day: date) -> datetime:
        return datetime.combine(day, self.at, tzinfo=SHANGHAI).astimezone(UTC)
