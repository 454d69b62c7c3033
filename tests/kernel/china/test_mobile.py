"""Mobile numbers: ^1[3-9] and nine more digits, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.china import mobile
from shared.china.errors import NumberError

pytestmark = pytest.mark.unit


@given(st.sampled_from("3456789"), st.integers(0, 10**9 - 1))
def test_good_numbers(second: str, rest: int) -> None:
    number = f"1{second}{rest:09d}"
    assert mobile.parse(number) == number
    assert mobile.parse(f" {number}\n") == number


@pytest.mark.parametrize(
    "number",
    [
        "",
        "12800001234",
        "23800001234",
        "1380000123",
        "138000012345",
        "+8613800001234",
        "138 0000 1234",
        "1380000123４",
    ],
)
def test_bad_numbers(number: str) -> None:
    with pytest.raises(NumberError) as caught:
        mobile.parse(number)
    assert caught.value.code == "mobile_format"
    assert caught.value.detail == "手机号码应为11位数字，以13至19开头"
