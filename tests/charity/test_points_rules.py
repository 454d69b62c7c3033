"""The arithmetic of points, with the numbers of the rules and against the definition of the words."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.charity.points import rules
from services.charity.points.rules import Left
from shared.db.problems import Invalid

NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("minutes", "that_day", "points"),
    [
        *((60, 0, 10), (90, 0, 15), (65, 0, 10), (66, 0, 11), (5, 0, 0), (1200, 0, 200), (1260, 0, 200)),
        *((60, 195, 5), (60, 200, 0), (60, 230, 0)),
    ],
)
def test_ten_points_an_hour_up_to_200_a_day(minutes: int, that_day: int, points: int) -> None:
    assert rules.for_hours(minutes, per_hour=10, day_cap=200, that_day=that_day).points == points


@pytest.mark.unit
@pytest.mark.parametrize(
    ("yuan", "that_year", "points"),
    [
        *((10, 0, 1), (19, 0, 1), (9, 0, 0), (5000, 0, 500), (5010, 0, 500), (100_000, 0, 500)),
        *((5000, 1600, 400), (5000, 2000, 0), (30, 1998, 2)),
    ],
)
def test_a_point_for_ten_yuan_up_to_500_a_gift_and_2000_a_year(yuan: int, that_year: int, points: int) -> None:
    earned = rules.for_gift(yuan * 100, step_fen=1000, gift_cap=500, year_cap=2000, that_year=that_year)
    assert earned.points == points


@pytest.mark.unit
def test_a_credit_says_why() -> None:
    earned = rules.for_gift(6000_00, step_fen=1000, gift_cap=500, year_cap=2000, that_year=1700)
    assert earned.reasons == (
        "捐赠6,000.00元，每10.00元计1分，计600分",
        "单笔上限500分",
        "当年上限2000分，已计1700分，本次计300分",
    )


@pytest.mark.unit
def test_points_live_until_the_last_day_of_the_second_next_year() -> None:
    assert rules.last_day(date(2026, 1, 1), 2) == date(2028, 12, 31)
    assert rules.last_day(date(2026, 12, 31), 2) == date(2028, 12, 31)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1), "period_reversed"),
        (NOW - timedelta(hours=1), NOW + timedelta(seconds=1), "period_in_future"),
        (NOW - timedelta(hours=25), NOW - timedelta(minutes=1), "period_too_long"),
        (datetime.min.replace(tzinfo=UTC), NOW, "period_too_long"),
    ],
)
def test_hours_that_cannot_be_true(start: datetime, end: datetime, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_period(start, end, NOW)
    assert refused.value.code == code


@pytest.mark.unit
def test_whole_steps_go_to_a_project() -> None:
    assert rules.project_value(300, step=100, value_fen=1000) == 3000
    with pytest.raises(Invalid):
        rules.project_value(150, step=100, value_fen=1000)


@pytest.mark.unit
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_months_later_is_the_same_day_or_the_last(day: date, months: int) -> None:
    later = rules.months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == min(day.day, monthrange(later.year, later.month)[1])


@pytest.mark.unit
@given(st.lists(st.integers(1, 500), max_size=8), st.integers(1, 3000))
def test_points_are_taken_from_the_front_and_never_more_than_there_are(lots: list[int], wanted: int) -> None:
    left = [Left(str(number), points) for number, points in enumerate(lots)]
    if wanted > sum(lots):
        with pytest.raises(rules.NotEnoughPoints):
            rules.take(left, wanted)
        return
    # Point by point: the front lot first, the next only when it is empty.
    expected = [0] * len(lots)
    for _ in range(wanted):
        place = next(n for n, points in enumerate(lots) if expected[n] < points)
        expected[place] += 1
    taken = rules.take(left, wanted)
    assert [(one.lot_id, one.points) for one in taken] == [(str(n), p) for n, p in enumerate(expected) if p]
