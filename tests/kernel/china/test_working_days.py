"""Working days and time limits: the notices as printed, the Civil Code's counting, provisional years."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.china import holiday_notices, working_days
from shared.china.holiday_notices import NoticeError, read_notice
from shared.china.working_days import Calendar, Due, Unit
from shared.clock import SHANGHAI

pytestmark = pytest.mark.unit

CALENDAR = working_days.published()
ONE_DAY = timedelta(days=1)


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


# ── the data ─────────────────────────────────────────────────────────────────────────────────────

# Weekdays off and weekend days worked, written out for three years of different shape.
IRREGULAR = {
    2020: (
        (
            "01-01 01-24 01-27 01-28 01-29 01-30 01-31 04-06 05-01 05-04 05-05 06-25 06-26 "
            "10-01 10-02 10-05 10-06 10-07 10-08"
        ),
        "01-19 04-26 05-09 06-28 09-27 10-10",
    ),
    2025: (
        "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        (
            "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 "
            "10-01 10-02 10-05 10-06 10-07"
        ),
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}


@pytest.mark.parametrize("year", sorted(IRREGULAR))
def test_a_year_day_by_day(year: int) -> None:
    off, worked = ({date.fromisoformat(f"{year}-{day}") for day in text.split()} for text in IRREGULAR[year])
    for day in days(date(year, 1, 1), date(year, 12, 31)):
        expected = day in worked or (day.weekday() < 5 and day not in off)
        assert CALENDAR.is_working_day(day) is expected, day


# Counted in a second source; there 2005 lacks the Saturday that the notice for 2006 made a working day.
WORKING_DAYS = {
    2004: 252,
    2005: 251,
    2006: 251,
    2007: 249,
    2008: 251,
    2009: 250,
    2010: 250,
    2011: 250,
    2012: 249,
    2013: 250,
    2014: 250,
    2015: 249,
    2016: 250,
    2017: 249,
    2018: 250,
    2019: 250,
    2020: 249,
    2021: 250,
    2022: 249,
    2023: 249,
    2024: 251,
    2025: 248,
    2026: 248,
}


def test_every_year_from_2004_to_2026_has_its_number_of_working_days() -> None:
    assert CALENDAR.years == set(WORKING_DAYS)
    counted = {
        year: sum(map(CALENDAR.is_working_day, days(date(year, 1, 1), date(year, 12, 31)))) for year in WORKING_DAYS
    }
    assert counted == WORKING_DAYS


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2005, 12, 31), True),  # the notice for 2006 reaches back
        (date(2006, 12, 31), True),
        (date(2007, 12, 29), True),
        (date(2007, 12, 31), False),
        (date(2018, 12, 29), True),
        (date(2018, 12, 31), False),
        (date(2019, 5, 3), False),  # Labour Day as changed in March 2019
        (date(2020, 2, 1), False),  # the extended Spring Festival: worked by the first notice
        (date(2015, 9, 3), False),
        (date(2015, 9, 6), True),
    ],
)
def test_dates_that_are_easily_wrong(day: date, working: bool) -> None:
    assert CALENDAR.is_working_day(day) is working


def test_notices_swap_weekends_and_give_five_to_thirteen_days() -> None:
    for notice in holiday_notices.published():
        assert all(day.weekday() >= 5 for day in notice.work)
        assert not notice.rest & notice.work
        assert len({day for day in notice.rest if day.weekday() < 5}) - len(notice.work) in range(5, 14)


# ── counting ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 9, 28), 3, date(2026, 10, 8)),  # Mon → Tue, Wed, then after the holiday
        (date(2026, 9, 28), 5, date(2026, 10, 10)),  # the make-up Saturday counts
        (date(2026, 10, 3), 1, date(2026, 10, 8)),  # begun on a rest day
        (date(2026, 6, 1), 1, date(2026, 6, 2)),
        (date(2026, 6, 1), 0, date(2026, 6, 1)),
        (date(2026, 6, 6), 0, date(2026, 6, 8)),
        (date(2025, 12, 31), 1, date(2026, 1, 4)),
    ],
)
def test_working_days_after_a_day(start: date, count: int, expected: date) -> None:
    assert CALENDAR.add(start, count) == Due(expected, False)


@pytest.mark.parametrize(
    ("receipt", "withdraw_until", "collect_from", "collect_until"),
    [
        (date(2025, 6, 3), date(2025, 7, 3), date(2025, 7, 4), date(2025, 8, 4)),
        (date(2025, 5, 9), date(2025, 6, 9), date(2025, 6, 10), date(2025, 7, 9)),
    ],
)
def test_the_cooling_off_of_a_divorce(
    receipt: date, withdraw_until: date, collect_from: date, collect_until: date
) -> None:
    """Civil Code 1077 with 201 and 203; the dates of domain §6.3."""
    withdrawal = CALENDAR.add_days(receipt, 30)
    assert withdrawal == Due(withdraw_until, False)
    assert withdrawal.date + ONE_DAY == collect_from
    assert CALENDAR.add_days(withdrawal.date, 30) == Due(collect_until, False)


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 9, 1), 32, date(2026, 10, 8)),  # ends inside the National Day week
        (date(2026, 9, 1), 39, date(2026, 10, 10)),  # ends on a worked Saturday: stays
        (date(2026, 6, 5), 1, date(2026, 6, 8)),
        (date(2026, 6, 6), 0, date(2026, 6, 8)),
        (date(2026, 6, 8), 0, date(2026, 6, 8)),
    ],
)
def test_calendar_days_after_a_day(start: date, count: int, expected: date) -> None:
    assert CALENDAR.add_days(start, count) == Due(expected, False)


KNOWN_DAYS = st.dates(date(2004, 1, 1), date(2026, 6, 30))
WORKED = [day for day in days(date(2004, 1, 1), date(2026, 12, 25)) if CALENDAR.is_working_day(day)]


@given(KNOWN_DAYS, st.integers(1, 90))
def test_adding_is_stepping_through_the_list_of_worked_days(start: date, count: int) -> None:
    expected = [day for day in WORKED if day > start][count - 1]
    assert CALENDAR.add(start, count) == Due(expected, False)
    assert CALENDAR.count(start, expected) == count


@given(KNOWN_DAYS, st.integers(0, 150))
def test_a_period_of_days_ends_on_the_first_worked_day_not_before_its_last(start: date, count: int) -> None:
    last = start.toordinal() + count
    expected = next(day for day in WORKED if day.toordinal() >= last)
    assert CALENDAR.add_days(start, count) == Due(expected, False)


@given(KNOWN_DAYS, st.integers(-40, 90))
def test_counting_what_is_left(after: date, span: int) -> None:
    until = after + timedelta(days=span)
    assert CALENDAR.count(after, until) == len([day for day in WORKED if after < day <= until])


@pytest.mark.parametrize("method", [CALENDAR.add, CALENDAR.add_days])
def test_periods_run_forward(method: Any) -> None:
    with pytest.raises(ValueError, match="forward"):
        method(date(2026, 6, 1), -1)


# ── time limits ──────────────────────────────────────────────────────────────────────────────────


def at(text: str) -> datetime:
    """An instant from Shanghai time."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "last_day", "end", "warning"),
    [
        # Monday 1 June 2026, five working days: the warning in the middle of the fourth.
        ("2026-06-01T15:00", 5, Unit.WORKDAY, date(2026, 6, 8), "2026-06-09T00:00", "2026-06-05T12:00"),
        # Ten, from a Sunday night: seven have passed when the eighth begins, on the second Wednesday.
        ("2026-05-31T23:59", 10, Unit.WORKDAY, date(2026, 6, 12), "2026-06-13T00:00", "2026-06-10T00:00"),
        # One, begun on a Saturday: the warning on the Monday, never at the weekend.
        ("2026-06-06T09:00", 1, Unit.WORKDAY, date(2026, 6, 8), "2026-06-09T00:00", "2026-06-08T16:48"),
        # Calendar days: 70 % of the ten days up to 12 June 24:00.
        ("2026-06-02T09:00", 10, Unit.DAY, date(2026, 6, 12), "2026-06-13T00:00", "2026-06-10T00:00"),
        # Moved from Saturday to Monday: 70 % of the time there really is (12 days).
        ("2026-06-03T09:00", 10, Unit.DAY, date(2026, 6, 15), "2026-06-16T00:00", "2026-06-12T09:36"),
        # Hours run through the night and the weekend.
        ("2026-06-05T20:00", 48, Unit.HOUR, date(2026, 6, 7), "2026-06-07T20:00", "2026-06-07T05:36"),
        ("2026-06-05T20:00", 2, Unit.HOUR, date(2026, 6, 5), "2026-06-05T22:00", "2026-06-05T21:24"),
    ],
)
def test_deadlines(start: str, amount: int, unit: Unit, last_day: date, end: str, warning: str) -> None:
    found = CALENDAR.deadline(at(start), amount, unit)
    assert (found.date, found.provisional) == (last_day, False)
    assert (found.at, found.warn_at) == (at(end), at(warning))
    assert found.at.utcoffset() == found.warn_at.utcoffset() == timedelta()


def test_the_business_date_of_the_start_is_the_one_in_shanghai() -> None:
    late_in_utc = datetime(2026, 6, 1, 16, 30, tzinfo=UTC)  # 2 June, 00:30 in Shanghai
    assert CALENDAR.deadline(late_in_utc, 1, Unit.WORKDAY).date == date(2026, 6, 3)


INSTANTS = st.integers(0, 22 * 365 * 24 * 60).map(
    lambda minutes: datetime(2004, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(INSTANTS, st.integers(1, 60), st.sampled_from(Unit), st.integers(1, 99), st.integers(1, 99))
def test_warnings_come_in_order_before_the_end(
    start: datetime, amount: int, unit: Unit, percent: int, other: int
) -> None:
    low, high = sorted((percent, other))
    early = CALENDAR.deadline(start, amount, unit, warn_percent=low)
    late = CALENDAR.deadline(start, amount, unit, warn_percent=high)
    assert early.at == late.at
    assert start < early.warn_at <= late.warn_at < early.at
    if unit is Unit.WORKDAY:
        assert CALENDAR.is_working_day(early.warn_at.astimezone(SHANGHAI).date())
    longer = CALENDAR.deadline(start, amount + 1, unit)
    assert longer.at >= late.at


@pytest.mark.parametrize(("amount", "percent"), [(0, 70), (-1, 70), (5, 0), (5, 100)])
def test_limits_that_make_no_sense(amount: int, percent: int) -> None:
    with pytest.raises(ValueError):
        CALENDAR.deadline(at("2026-06-01T09:00"), amount, Unit.WORKDAY, warn_percent=percent)


# ── years without a notice, and notices that come later ──────────────────────────────────────────

NOTICE_2027 = """{
    "year": 2027, "source": ["a notice of this test"],
    "holidays": [
        {"name": "元旦", "from": "2026-12-31", "to": "2027-01-02", "work": ["2027-01-03"]},
        {"name": "春节", "from": "2027-02-05", "to": "2027-02-11", "work": ["2027-01-30", "2027-02-20"]}
    ]
}"""


def test_a_year_without_notice_has_weekdays_and_fixed_holidays_and_is_provisional() -> None:
    for day in days(date(2027, 1, 1), date(2027, 12, 31)):
        fixed = (day.month, day.day) in {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
        assert CALENDAR.is_working_day(day) is (day.weekday() < 5 and not fixed)
        assert CALENDAR.is_provisional(day)
    assert not CALENDAR.is_working_day(date(2003, 5, 2))
    assert CALENDAR.is_working_day(date(2003, 5, 5))


def test_the_fixed_holidays_follow_the_law_of_their_year() -> None:
    may = [len([day for day in holiday_notices.statutory_days(year) if day.month == 5]) for year in range(1998, 2030)]
    assert may == [3] * 10 + [1] * 17 + [2] * 5


@pytest.mark.parametrize(
    ("start", "count", "provisional"),
    [
        (date(2026, 12, 1), 18, False),  # up to Friday 25 December
        (date(2026, 12, 1), 19, True),  # the year's last days wait for the next notice
        (date(2026, 12, 31), 1, True),
        (date(2025, 12, 1), 24, False),
    ],
)
def test_a_due_date_is_provisional_when_a_day_it_counts_is(start: date, count: int, provisional: bool) -> None:
    assert CALENDAR.add(start, count).provisional is provisional


def test_the_last_days_of_a_year_wait_for_the_next_notice() -> None:
    assert not CALENDAR.is_provisional(date(2026, 12, 25))
    assert CALENDAR.is_provisional(date(2026, 12, 26))
    assert not CALENDAR.is_provisional(date(2025, 12, 31))


def test_a_gap_between_known_years_leaves_what_counts_through_it_provisional() -> None:
    gap = Calendar(notice for notice in holiday_notices.published() if notice.year != 2025)
    assert gap.add(date(2024, 12, 2), 300).date > date(2026, 1, 1)
    assert gap.add(date(2024, 12, 2), 300).provisional
    assert not gap.add_days(date(2024, 12, 2), 500).provisional


def test_only_the_end_of_a_period_of_days_can_be_provisional() -> None:
    assert CALENDAR.add_days(date(2026, 12, 20), 30).provisional
    assert not CALENDAR.add_days(date(2026, 11, 20), 30).provisional


def test_a_late_notice_makes_the_same_limit_count_again() -> None:
    later = CALENDAR.with_notices(read_notice(json.loads(NOTICE_2027)))
    start = at("2026-12-30T10:00")
    before, after = (each.deadline(start, 1, Unit.WORKDAY) for each in (CALENDAR, later))
    assert (before.date, before.provisional) == (date(2026, 12, 31), True)
    assert (after.date, after.provisional) == (date(2027, 1, 3), False)  # a worked Sunday
    assert after.at - before.at == after.warn_at - before.warn_at == 3 * ONE_DAY
    assert later.add(date(2027, 2, 4), 1) == Due(date(2027, 2, 12), False)
    assert CALENDAR.add(date(2027, 2, 4), 1) == Due(date(2027, 2, 5), True)
    assert CALENDAR.years == set(range(2004, 2027))


def test_a_newer_notice_for_a_year_replaces_the_older() -> None:
    first = read_notice(json.loads(NOTICE_2027))
    changed = read_notice(json.loads(NOTICE_2027.replace("2027-02-11", "2027-02-12")))
    calendar = Calendar([first]).with_notices(changed)
    assert calendar.is_working_day(date(2027, 2, 12)) is False
    assert Calendar([changed]).with_notices(first).is_working_day(date(2027, 2, 12)) is True


def test_the_calendar_of_the_process_can_be_replaced() -> None:
    assert working_days.current() is CALENDAR
    working_days.install(CALENDAR.with_notices(read_notice(json.loads(NOTICE_2027))))
    try:
        assert not working_days.is_working_day(date(2027, 2, 8))
        assert working_days.add(date(2027, 2, 4), 1).date == date(2027, 2, 12)
        assert working_days.add_days(date(2027, 2, 4), 1).date == date(2027, 2, 12)
        assert working_days.count(date(2027, 2, 4), date(2027, 2, 12)) == 1
        assert not working_days.deadline(at("2027-02-04T09:00"), 1, Unit.WORKDAY).provisional
    finally:
        working_days.install(None)
    assert working_days.is_working_day(date(2027, 2, 8))


def changed_notice(**changes: Any) -> dict[str, Any]:
    holiday = {"name": "元旦", "from": "2027-01-01", "to": "2027-01-02", "work": ["2027-01-03"]}
    notice = {"year": 2027, "source": ["通知"], "holidays": [holiday]}
    return {key: value for key, value in (notice | changes).items() if value is not ...}


def holiday(first: str, last: str, *work: str) -> dict[str, Any]:
    return changed_notice(holidays=[{"name": "元旦", "from": first, "to": last, "work": work}])


@pytest.mark.parametrize(
    ("notice", "detail"),
    [
        (changed_notice(year=...), "缺少年份"),
        (changed_notice(source=...), "缺少年份、来源"),
        (changed_notice(source=[]), "来源"),
        (changed_notice(holidays=[]), "至少有一个节日"),
        (changed_notice(holidays=[{"name": "元旦"}]), "起止日期"),
        (holiday("2027-1-1", "2027-01-02"), "日期格式"),
        (holiday("2027-01-02", "2027-01-01"), "元旦的起止日期不正确"),
        (holiday("2027-01-02", "2027-03-01"), "元旦的起止日期不正确"),
        (holiday("2028-01-01", "2028-01-01"), "2027年内"),
        (holiday("2026-11-30", "2026-12-01"), "2027年内"),
        (holiday("2027-01-01", "2027-01-02", "2027-01-04"), "周六或周日"),
        (holiday("2027-01-01", "2027-01-02", "2027-01-02"), "既放假又上班"),
    ],
)
def test_a_notice_that_cannot_be_right_is_refused(notice: dict[str, Any], detail: str) -> None:
    with pytest.raises(NoticeError, match=detail) as caught:
        read_notice(notice)
    assert caught.value.code == "holiday_notice"
