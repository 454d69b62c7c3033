"""Resident ID numbers (公民身份号码), GB 11643-1999.

Six digits of area, eight of birth, three of sequence (odd male, even female), one check character. The area
is where the number was first issued, perhaps under a code long abolished: it is never checked against today's
areas, and nobody's residence is read from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared import clock
from shared.china.errors import NumberError

LENGTH = 18
MAX_AGE = 130

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_FORM = re.compile("[0-9]{17}[0-9X]")


class Sex(StrEnum):
    """Sex codes of GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    NOT_STATED = "9"


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A checked number in its normal form (upper-case X), with what it says."""

    number: str
    birth: date
    sex: Sex

    def __repr__(self) -> str:
        return "ResidentId(…)"  # the number is the most sensitive thing we hold: not for logs or tracebacks


def check_character(body: str) -> str:
    """The check character for the first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def parse(number: str, *, today: date | None = None) -> ResidentId:
    """Check a number as typed: a small x and blanks around it are accepted.

    Raises NumberError: `id_length`, `id_characters`, `id_birth_date`, `id_birth_future`, `id_age`,
    `id_checksum`.
    """
    number = number.strip()
    if len(number) != LENGTH:
        raise NumberError("id_length", "身份证号码应为18位")
    if number.endswith("x"):
        number = number[:-1] + "X"
    if not _FORM.fullmatch(number):
        raise NumberError("id_characters", "身份证号码前17位应为数字，末位应为数字或X")
    birth = _birth(number, today or clock.today())
    if check_character(number[:17]) != number[17]:
        raise NumberError("id_checksum", "身份证号码校验位不正确，请核对是否输入有误")
    return ResidentId(number, birth, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def age_on(birth: date, day: date) -> int:
    """Full years of age (周岁) on a day; who is born on 29 February gets older on 1 March of common years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def make(area6: str, birth: date, sequence: int) -> str:
    """The valid number with these parts: for seeds and tests, which use area 330999 (assigned to nobody)."""
    if not re.fullmatch("[0-9]{6}", area6):
        raise ValueError(f"not a six-digit area code: {area6!r}")
    if not 0 <= sequence <= 999:
        raise ValueError(f"the sequence runs from 0 to 999, not {sequence}")
    body = f"{area6}{birth.isoformat().replace('-', '')}{sequence:03d}"
    return body + check_character(body)


def _birth(number: str, today: date) -> date:
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise NumberError("id_birth_date", "身份证号码中的出生日期不存在") from None
    if birth > today:
        raise NumberError("id_birth_future", "身份证号码中的出生日期晚于今天")
    if age_on(birth, today) > MAX_AGE:
        raise NumberError("id_age", f"身份证号码中的出生日期距今超过{MAX_AGE}年")
    return birth
