"""Bank cards: the vectors of domain §1.1, and Luhn's rule from a table of digit sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.china import bank_card
from shared.china.errors import NumberError

pytestmark = pytest.mark.unit


def luhn(number: str) -> bool:
    doubled = dict(zip("0123456789", (0, 2, 4, 6, 8, 1, 3, 5, 7, 9), strict=True))
    backwards = number[::-1]
    return (sum(map(int, backwards[::2])) + sum(doubled[digit] for digit in backwards[1::2])) % 10 == 0


def refused(number: str) -> str:
    with pytest.raises(NumberError) as caught:
        bank_card.parse(number)
    return caught.value.code


@pytest.mark.parametrize("number", ["6228480360100000015", "6217001450001234566"])
def test_good_numbers(number: str) -> None:
    assert bank_card.parse(number) == number
    assert bank_card.parse(f" {number[:4]} {number[4:8]} {number[8:]} ") == number


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "bank_card_format"),
        ("62284803601", "bank_card_format"),
        ("62284803601000000150", "bank_card_format"),
        ("622848036010000001５", "bank_card_format"),
        ("6228-4803-6010-0000-015", "bank_card_format"),
        ("6228480360100000015\n", "bank_card_format"),
        ("6228480360100000016", "bank_card_checksum"),
        ("6217001450001234567", "bank_card_checksum"),
    ],
)
def test_bad_numbers(number: str, code: str) -> None:
    assert refused(number) == code


@given(st.from_regex("[0-9]{12,19}", fullmatch=True))
def test_the_verdict_is_luhns(number: str) -> None:
    if luhn(number):
        assert bank_card.parse(number) == number
    else:
        assert refused(number) == "bank_card_checksum"


@given(st.from_regex("[0-9]{11,18}", fullmatch=True))
def test_a_completed_number_is_good(body: str) -> None:
    number = body + bank_card.check_digit(body)
    assert luhn(number)
    assert bank_card.parse(number) == number
