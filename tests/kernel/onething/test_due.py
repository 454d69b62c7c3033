"""Limits on the calendar: the numbers a clerk would count on her fingers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.china import working_days
from shared.onething.definition import Limit, LimitUnit
from shared.onething.due import DueState, due, due_on

pytestmark = pytest.mark.unit


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("start", "amount", "unit", "last", "end", "warn"),
    [
        # Friday 3 January 2025: one working day is Monday, over when Monday is over.
        ("2025-01-03T10:00", 1, "WORKDAY", "2025-01-06", "2025-01-07T00:00", "2025-01-06T16:48"),
        # Across 清明 (Friday 4 April): three working days from Tuesday are Wednesday, Thursday, Monday.
        ("2025-04-01T23:30", 3, "WORKDAY", "2025-04-07", "2025-04-08T00:00", "2025-04-07T02:24"),
        # Across 国庆 with a make-up Sunday (28 September) and Saturday (11 October).
        ("2025-09-26T09:00", 10, "WORKDAY", "2025-10-16", "2025-10-17T00:00", "2025-10-14T00:00"),
        # A limit in days that would end on 1 May ends on the first working day after the holiday.
        ("2025-04-01T12:00", 30, "DAY", "2025-05-06", "2025-05-07T00:00", None),
        ("2025-04-01T12:00", 2, "DAY", "2025-04-03", "2025-04-04T00:00", "2025-04-03T09:36"),
        # Hours and minutes run on through the night.
        ("2025-04-03T23:00", 4, "HOUR", "2025-04-04", "2025-04-04T03:00", "2025-04-04T01:48"),
        ("2025-04-01T12:00", 10, "MINUTE", "2025-04-01", "2025-04-01T12:10", "2025-04-01T12:07"),
    ],
)
def test_when_it_is_due(start: str, amount: int, unit: str, last: str, end: str, warn: str | None):
    found = due(at(start), Limit(amount=amount, unit=LimitUnit(unit)), working_days, warn_percent=70)
    assert (found.on.isoformat(), found.at) == (last, at(end))
    assert not found.provisional
    if warn is not None:
        assert found.warn_at == at(warn)


def test_a_year_without_its_notice_gives_a_provisional_date():
    limit = Limit(amount=3, unit=LimitUnit.WORKDAY)
    assert due(at("2099-12-30T10:00"), limit, working_days, warn_percent=70).provisional


def test_the_three_states_change_at_their_very_instants():
    found = due(at("2025-04-01T12:00"), Limit(amount=10, unit=LimitUnit.MINUTE), working_days, warn_percent=70)
    tick = timedelta(microseconds=1)
    assert found.warn_at is not None
    assert [found.state_at(moment) for moment in (found.warn_at - tick, found.warn_at, found.at - tick, found.at)] == [
        DueState.ON_TIME,
        DueState.WARNING,
        DueState.WARNING,
        DueState.OVERDUE,
    ]


def test_a_chosen_date_lasts_until_its_midnight_in_shanghai():
    found = due_on(date(2025, 5, 5))
    assert found.at == datetime(2025, 5, 5, 16, tzinfo=UTC)
    assert found.state_at(at("2025-05-05T23:59")) is DueState.ON_TIME
    assert found.state_at(at("2025-05-06T00:00")) is DueState.OVERDUE
