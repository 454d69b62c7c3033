"""Resident ID numbers: the vectors of domain §1.1, and the check by the other road of the standard."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock
from shared.china import resident_id
from shared.china.errors import NumberError
from shared.china.resident_id import Sex

pytestmark = pytest.mark.unit

TODAY = date(2026, 6, 1)


def refused(number: str, today: date = TODAY) -> str:
    with pytest.raises(NumberError) as caught:
        resident_id.parse(number, today=today)
    assert caught.value.detail == str(caught.value)
    assert number.strip() not in caught.value.detail or not number.strip()
    return caught.value.code


@pytest.mark.parametrize(
    ("number", "birth", "sex"),
    [
        ("11010519491231002X", date(1949, 12, 31), Sex.FEMALE),
        ("330999195001010017", date(1950, 1, 1), Sex.MALE),
        ("330999193602292225", date(1936, 2, 29), Sex.FEMALE),
        ("330999201006011156", date(2010, 6, 1), Sex.MALE),
        ("33099919450815009X", date(1945, 8, 15), Sex.MALE),
    ],
)
def test_good_numbers(number: str, birth: date, sex: Sex) -> None:
    assert resident_id.parse(number, today=TODAY) == resident_id.ResidentId(number, birth, sex)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("330999193802290021", "id_birth_date"),
        ("330999195001010015", "id_checksum"),
        ("330999195001010014", "id_checksum"),
        ("", "id_length"),
        ("33099919500101001", "id_length"),
        ("3309991950010100170", "id_length"),
        ("330999500101001", "id_length"),
        ("3309991950010100１7", "id_characters"),
        ("33099919500101001Y", "id_characters"),
        ("33099X195001010017", "id_characters"),
        ("330999 95001010017", "id_characters"),
        ("330999195000010017", "id_birth_date"),
        ("330999195013010017", "id_birth_date"),
        ("330999000001010017", "id_birth_date"),
    ],
)
def test_bad_numbers(number: str, code: str) -> None:
    assert refused(number) == code


def test_a_small_x_and_blanks_around_are_accepted() -> None:
    assert resident_id.parse(" 33099919450815009x\t", today=TODAY).number == "33099919450815009X"


def test_birth_not_in_the_future_and_not_beyond_130_years() -> None:
    newborn = resident_id.make("330999", TODAY, 1)
    assert resident_id.parse(newborn, today=TODAY).birth == TODAY
    assert refused(newborn, TODAY - timedelta(days=1)) == "id_birth_future"
    oldest = resident_id.make("330999", date(1895, 6, 2), 2)
    assert resident_id.parse(oldest, today=TODAY).birth == date(1895, 6, 2)
    assert refused(oldest, date(2026, 6, 2)) == "id_age"


def test_without_a_day_the_clock_is_asked() -> None:
    number = resident_id.make("330999", date(2030, 1, 1), 5)
    with clock.frozen(clock.start_of_day(date(2029, 12, 31))), pytest.raises(NumberError):
        resident_id.parse(number)
    with clock.frozen(clock.start_of_day(date(2030, 1, 1))):
        assert resident_id.parse(number).birth == date(2030, 1, 1)


def test_the_number_stays_out_of_logs() -> None:
    assert "330999" not in repr(resident_id.parse("330999195001010017", today=TODAY))


def by_iso_7064(number: str) -> bool:
    """MOD 11-2 as ISO 7064 runs it: double and add from the left; a good number leaves 1."""
    rest = 0
    for char in number:
        rest = (rest * 2 + (10 if char == "X" else int(char))) % 11
    return rest == 1


BIRTHS = st.dates(date(1900, 1, 1), TODAY)
NUMBERS = st.builds(resident_id.make, st.from_regex("[0-9]{6}", fullmatch=True), BIRTHS, st.integers(0, 999))


@given(st.from_regex("[0-9]{6}", fullmatch=True), BIRTHS, st.integers(0, 999))
def test_made_numbers_say_what_they_were_made_of(area6: str, birth: date, sequence: int) -> None:
    number = resident_id.make(area6, birth, sequence)
    assert by_iso_7064(number)
    assert number.startswith(area6)
    parsed = resident_id.parse(number, today=TODAY)
    assert parsed.birth == birth
    assert parsed.sex is (Sex.FEMALE, Sex.MALE)[sequence % 2]


@given(NUMBERS, st.sampled_from("0123456789X"))
def test_exactly_one_check_character_is_right(number: str, check: str) -> None:
    candidate = number[:17] + check
    if by_iso_7064(candidate):
        assert resident_id.parse(candidate, today=TODAY).number == candidate
    else:
        assert refused(candidate) == "id_checksum"


@given(NUMBERS, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes(number: str, place: int, by: int) -> None:
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert refused(wrong).startswith("id_")


@given(NUMBERS, st.integers(0, 15))
def test_two_swapped_neighbours_never_pass(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        assert refused(swapped).startswith("id_")


@given(st.text(max_size=20))
def test_any_text_gets_a_verdict(text: str) -> None:
    try:
        found = resident_id.parse(text, today=TODAY).number
    except NumberError as error:
        found = error.code
    assert found.startswith("id_") or by_iso_7064(found)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(1950, 1, 1), date(2029, 12, 31), 79),
        (date(1950, 1, 1), date(2030, 1, 1), 80),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2012, 2, 29), date(2024, 2, 29), 12),
        (TODAY, TODAY, 0),
    ],
)
def test_full_years_of_age(birth: date, day: date, age: int) -> None:
    assert resident_id.age_on(birth, day) == age


@pytest.mark.parametrize(("area6", "sequence"), [("33099", 1), ("33099a", 1), ("330999", -1), ("330999", 1000)])
def test_parts_that_do_not_fit_are_refused(area6: str, sequence: int) -> None:
    with pytest.raises(ValueError):
        resident_id.make(area6, TODAY, sequence)
