"""Bank card numbers: 12 to 19 digits with a Luhn check (ISO/IEC 7812-1)."""

from __future__ import annotations

import re

from shared.china.errors import NumberError

_FORM = re.compile("[0-9]{12,19}")


def parse(number: str) -> str:
    """Check a number as typed, blanks between its groups included; returns the digits alone.

    Raises NumberError: `bank_card_format`, `bank_card_checksum`.
    """
    number = number.replace(" ", "")
    if not _FORM.fullmatch(number):
        raise NumberError("bank_card_format", "银行卡号应为12至19位数字")
    if check_digit(number[:-1]) != number[-1]:
        raise NumberError("bank_card_checksum", "银行卡号校验位不正确，请核对是否输入有误")
    return number


def check_digit(body: str) -> str:
    """The Luhn digit that completes these digits."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit)
        if place % 2 == 0:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return str(-total % 10)
