"""Money is integer fen (分); on the wire a decimal string of yuan, so that no client's float touches it."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

Fen: TypeAlias = int
"""An amount in fen. An alias, not a type of its own: sums stay plain integers, and columns plain bigint."""

# Thirteen digits of yuan keep every amount, in fen, far inside a bigint.
_YUAN = re.compile(r"(?P<sign>-?)(?P<yuan>0|[1-9][0-9]{0,12})(?:\.(?P<fen>[0-9]{1,2}))?")
_PATTERN = r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$"


class MoneyError(ValueError):
    """A text that is no amount of money. `detail` is for people."""

    code = "money"
    detail = "金额格式不正确，应为最多两位小数的数字文本，例如 1230.00"

    def __init__(self) -> None:
        super().__init__(self.detail)


def parse_yuan(text: str) -> Fen:
    """Fen of a decimal string of yuan with at most two places ("1230", "1230.5", "-0.05"); else MoneyError.

    No grouping, no exponent, no leading zeros or plus sign: one amount has few spellings.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise MoneyError
    fen = int(match["yuan"]) * 100 + int((match["fen"] or "").ljust(2, "0"))
    return -fen if match["sign"] else fen


def to_decimal(fen: Fen) -> str:
    """The wire form: "1230.00"."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02d}"


def format_yuan(fen: Fen) -> str:
    """For people: "1,230.00"."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{rest:02d}"


def round_up_to_yuan(fen: Fen) -> Fen:
    """Up to whole yuan, in fen: the rounding of monthly standards and household benefits (domain §1.5)."""
    return -(-fen // 100) * 100


def _from_wire(value: Any) -> Fen:
    if not isinstance(value, str):
        raise PydanticCustomError(MoneyError.code, MoneyError.detail)
    try:
        return parse_yuan(value)
    except MoneyError as error:
        raise PydanticCustomError(error.code, error.detail) from error


def _from_wire_or_code(value: Any, info: ValidationInfo) -> Fen:
    if info.mode == "python" and isinstance(value, int) and not isinstance(value, bool):
        return value
    return _from_wire(value)


def _positive(value: Any) -> Fen:
    fen = _from_wire(value)
    if fen <= 0:
        raise PydanticCustomError("money_not_positive", "金额应大于零")
    return fen


_ON_THE_WIRE = (
    PlainSerializer(to_decimal, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["1230.00"]}),
)

MoneyFen = Annotated[int, BeforeValidator(_from_wire_or_code), *_ON_THE_WIRE]
"""For answers and events: built from fen by our code, written and read as "1230.00". Error `money`.

Do not use it in a request: a body is decoded before it is validated, so the number 1230, meant as yuan, would
pass for 12.30. `MoneyFenIn` is for that.
"""

MoneyFenIn = Annotated[int, BeforeValidator(_from_wire), *_ON_THE_WIRE]
"""For requests: only a decimal string of yuan. Errors `money`."""

PositiveMoneyFenIn = Annotated[int, BeforeValidator(_positive), *_ON_THE_WIRE]
"""For requests: only a decimal string of yuan, more than zero. Errors `money`, `money_not_positive`."""
