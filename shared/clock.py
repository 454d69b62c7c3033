"""The one place that asks the machine what time it is.

Months, overdue timers and late discovery must be showable, so a process may run on an offset from real
time. Moving the clock is for development: the command line and the API that call `set_to` and `shift` exist
in `dev` only. Rules never call this module; they are given their `now` or `today`.

Instants are aware and in UTC. Business dates are those of Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone

# A fixed offset, not a zone database: China has kept UTC+8 without summer time since 1991-09-15, and an image
# without tzdata must not stop a service. Earlier facts (births, marriages) are dates and never converted.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

_offset = timedelta()
_frozen_at: datetime | None = None


def now() -> datetime:
    """The current instant of this process, in UTC."""
    return _frozen_at if _frozen_at is not None else real() + _offset


def today() -> date:
    """The current business date (Asia/Shanghai)."""
    return to_business_date(now())


def to_business_date(instant: datetime) -> date:
    """The Asia/Shanghai date of an aware instant; ValueError for a naive one."""
    return _aware(instant).astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """The instant, in UTC, at which a business date begins: also the end (24:00) of the day before."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def set_to(instant: datetime) -> None:
    """Make it `instant` now; time runs on from there."""
    global _offset  # noqa: PLW0603 — the clock is the process's, like the one it stands for
    _offset = _aware(instant) - real()


def shift(by: timedelta) -> None:
    """Move the clock by this much from where it stands."""
    set_offset(offset() + by.total_seconds())


def offset() -> float:
    """Seconds this process is ahead of real time (negative: behind)."""
    return _offset.total_seconds()


def set_offset(seconds: float) -> None:
    """Take over an offset kept elsewhere, so that processes and restarts agree."""
    global _offset  # noqa: PLW0603 — as above
    _offset = timedelta(seconds=seconds)


def reset() -> None:
    """Back to real time."""
    set_offset(0)


@contextmanager
def frozen(instant: datetime) -> Iterator[datetime]:
    """Hold the clock still at `instant`; for tests. Nests, and gives back what was before."""
    global _frozen_at  # noqa: PLW0603 — as above
    before, _frozen_at = _frozen_at, _aware(instant).astimezone(UTC)
    try:
        yield _frozen_at
    finally:
        _frozen_at = before


def real() -> datetime:
    """The machine's own time, never moved: tokens, sessions and one-time codes live by it."""
    return datetime.now(UTC)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return instant
