"""Fen in Python, decimal strings of yuan on the wire."""

from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared import money

pytestmark = pytest.mark.unit

AMOUNTS = st.integers(-(10**15) + 1, 10**15 - 1)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.00", 0),
        ("-0.00", 0),
        ("1230", 123_000),
        ("1230.5", 123_050),
        ("1230.05", 123_005),
        ("-0.05", -5),
        ("9999999999999.99", 999_999_999_999_999),
    ],
)
def test_reading_yuan(text: str, fen: int) -> None:
    assert money.parse_yuan(text) == fen


BAD_TEXTS = [
    *(
        "",
        " ",
        "1,230.00",
        "1.234",
        "1.",
        ".5",
        "+1",
        "01",
        "1e3",
        "NaN",
        "Infinity",
        "１２",
        "1230.00元",
        "￥1",
    ),
    *("1 ", " 1", "1\n", "--1", "10000000000000", "0x10", "1_000"),
]


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(money.MoneyError) as caught:
        money.parse_yuan(text)
    assert caught.value.code == "money"
    assert caught.value.detail == "金额格式不正确，应为最多两位小数的数字文本，例如 1230.00"


@given(AMOUNTS)
def test_writing_and_reading_agree_with_decimal_arithmetic(fen: int) -> None:
    exact = Decimal(fen) / 100
    assert money.to_decimal(fen) == f"{exact:.2f}"
    assert money.format_yuan(fen) == f"{exact:,.2f}"
    assert money.parse_yuan(money.to_decimal(fen)) == fen


@given(AMOUNTS)
def test_rounding_up_to_yuan(fen: int) -> None:
    expected = (Decimal(fen) / 100).to_integral_value(ROUND_CEILING) * 100
    assert money.round_up_to_yuan(fen) == int(expected)


def test_the_monthly_part_of_a_yearly_standard() -> None:
    # 14,000 yuan a year: 1,166.67 a month, paid as 1,167 (domain §1.5).
    assert money.round_up_to_yuan(116_667) == 116_700
    assert money.round_up_to_yuan(116_700) == 116_700
    assert money.format_yuan(116_700) == "1,167.00"


class Asked(BaseModel):
    amount: money.MoneyFenIn
    paid: money.PositiveMoneyFenIn | None = None


class Answered(BaseModel):
    amount: money.MoneyFen


def refusals(model: type[BaseModel], body: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    return [(error["type"], error["msg"]) for error in caught.value.errors()]


FORMAT = ("money", "金额格式不正确，应为最多两位小数的数字文本，例如 1230.00")


def test_a_request_takes_decimal_strings() -> None:
    assert Asked.model_validate({"amount": "1230.50", "paid": "0.01"}).model_dump() == {
        "amount": 123_050,
        "paid": 1,
    }


@pytest.mark.parametrize("value", [1230, 12.3, True, None, ["1"], {"yuan": 1}, Decimal(1), *BAD_TEXTS])
def test_a_request_takes_nothing_else(value: Any) -> None:
    assert refusals(Asked, {"amount": value}) == [FORMAT]


@pytest.mark.parametrize("value", ["0", "-1.00"])
def test_a_positive_amount_is_more_than_zero(value: str) -> None:
    assert refusals(Asked, {"amount": "1", "paid": value}) == [("money_not_positive", "金额应大于零")]


def test_an_answer_is_built_from_fen_and_written_in_yuan() -> None:
    answer = Answered(amount=123_000)
    assert answer.amount == 123_000
    assert answer.model_dump_json() == '{"amount":"1230.00"}'
    assert answer.model_dump(mode="json") == {"amount": "1230.00"}
    assert Answered.model_validate_json(answer.model_dump_json()) == answer
    assert Answered.model_validate({"amount": "1230.00"}) == answer


def test_json_numbers_are_refused_even_where_code_may_give_fen() -> None:
    with pytest.raises(ValidationError):
        Answered.model_validate_json('{"amount": 123000}')
    assert refusals(Answered, {"amount": 1.5}) == [FORMAT]
    assert refusals(Answered, {"amount": True}) == [FORMAT]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
@pytest.mark.parametrize("wire_type", [money.MoneyFen, money.MoneyFenIn, money.PositiveMoneyFenIn])
def test_the_schema_says_string(wire_type: Any, mode: Any) -> None:
    assert TypeAdapter(wire_type).json_schema(mode=mode)["type"] == "string"
