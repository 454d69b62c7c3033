"""The clock of a process: real time, moved time, still time, and which business date an instant has."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    before = clock.offset()
    clock.reset()
    yield
    clock.set_offset(before)


def close_to(expected: datetime) -> bool:
    return abs(clock.now() - expected) < timedelta(seconds=5)


def test_now_is_real_time_in_utc() -> None:
    assert close_to(datetime.now(UTC))
    assert clock.now().utcoffset() == timedelta()


def test_set_to_moves_the_clock_and_time_runs_on() -> None:
    target = datetime(2031, 5, 1, 8, tzinfo=clock.SHANGHAI)
    clock.set_to(target)
    first = clock.now()
    assert close_to(target)
    assert first.utcoffset() == timedelta()
    while clock.now() == first:
        pass
    assert clock.now() > first
    assert clock.today() == date(2031, 5, 1)


def test_shift_adds_up_and_reset_goes_back() -> None:
    clock.shift(timedelta(days=31))
    clock.shift(timedelta(days=-1, microseconds=1))
    assert clock.offset() == timedelta(days=30, microseconds=1).total_seconds()
    assert close_to(datetime.now(UTC) + timedelta(days=30))
    clock.reset()
    assert clock.offset() == 0
    assert close_to(datetime.now(UTC))


def test_an_offset_kept_elsewhere_is_taken_over() -> None:
    clock.set_to(datetime(2027, 1, 1, tzinfo=UTC))
    kept = clock.offset()
    clock.reset()
    clock.set_offset(kept)
    assert close_to(datetime(2027, 1, 1, tzinfo=UTC))


def test_frozen_holds_still_nests_and_gives_back() -> None:
    outer, inner = datetime(2026, 2, 3, 4, 5, tzinfo=clock.SHANGHAI), datetime(2020, 1, 1, tzinfo=UTC)
    with clock.frozen(outer):
        assert clock.now() == outer
        assert clock.now().utcoffset() == timedelta()
        with clock.frozen(inner):
            assert clock.now() == inner
        assert clock.now() == outer
        with pytest.raises(RuntimeError), clock.frozen(inner):
            raise RuntimeError
        assert clock.now() == outer
    assert close_to(datetime.now(UTC))


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 6, 30, 15, 59, 59, 999_999, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 16, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 0, tzinfo=clock.SHANGHAI), date(2026, 7, 1)),
        (datetime(2026, 6, 30, 12, tzinfo=timezone(timedelta(hours=-11))), date(2026, 7, 1)),
    ],
)
def test_the_business_date_turns_at_midnight_in_shanghai(instant: datetime, day: date) -> None:
    assert clock.to_business_date(instant) == day


@given(st.integers(0, 200 * 366 * 24 * 60))
def test_business_dates_agree_with_the_zone_database(minutes_since_1992: int) -> None:
    instant = datetime(1992, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes_since_1992)
    assert clock.to_business_date(instant) == instant.astimezone(ZoneInfo("Asia/Shanghai")).date()


@given(st.dates(min_value=date(1992, 1, 1), max_value=date(2200, 1, 1)))
def test_a_day_begins_where_the_one_before_ends(day: date) -> None:
    start = clock.start_of_day(day)
    assert start.utcoffset() == timedelta()
    assert clock.to_business_date(start) == day
    assert clock.to_business_date(start - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 — the point of the test
    with pytest.raises(ValueError, match="time zone"):
        clock.to_business_date(naive)
    with pytest.raises(ValueError, match="time zone"):
        clock.set_to(naive)
    with pytest.raises(ValueError, match="time zone"), clock.frozen(naive):
        pass
