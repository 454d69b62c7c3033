"""Personal data on the wire: how it is masked going out, and checked coming in (domain §1.6).

Answers use `PersonName`, `IdNumber`, `Phone`, `BankCard`, `BirthDate`, `Address`. They hold the plain value
and mask it *whenever* they are serialised, unless the code runs inside `revealing(grade)`. Requests use the
same names with `In`: those check and normalise, and are never masked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from enum import IntEnum
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared import clock
from shared.china import bank_card, mobile, resident_id
from shared.china.errors import NumberError

_Value = TypeVar("_Value")

# ── the masks ────────────────────────────────────────────────────────────────────────────────────
# What has not the expected form is hidden whole: a mask that guesses is a leak.


def mask_name(name: str) -> str:
    """张* for two characters, first and last for more (欧**娜)."""
    if len(name) < 3:
        return name[:1] + "*" if len(name) == 2 else "*" * len(name)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_id_number(number: str) -> str:
    """330999********0014."""
    if len(number) != resident_id.LENGTH:
        return "*" * len(number)
    return f"{number[:6]}{'*' * 8}{number[-4:]}"


def mask_phone(number: str) -> str:
    """138****1234."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else "*" * len(number)


def mask_bank_card(number: str) -> str:
    """**** **** **** 0015, whatever the length."""
    return "**** **** **** " + (number[-4:] if len(number) >= 12 else "****")


def mask_birth_date(birth: date) -> str:
    """The year."""
    return f"{birth.year:04d}"


_PLACE = r"[^\d\s省市区县镇乡村街路巷弄号]"
# A 区 after these is a compound or a part of one (小区, 园区, 三区), not a district.
_HEAD = re.compile(
    rf"(?:{_PLACE}{{2,8}}(?:省|自治区))?(?:{_PLACE}{{1,10}}(?:市|自治州))?"
    rf"(?:{_PLACE}{{1,8}}(?:市|县|(?<![小社校园厂院东西南北中一二三四五六七八九十])区))?"
)
# Names of towns and villages: no street, no house, no compound.
_NAME = r"(?:(?!小区)[^\d\s路巷弄号幢栋])"
_TOWN = re.compile(rf"{_NAME}{{1,14}}?(?:街道|管委会|(?:镇|乡)(?![路街巷弄]))")
# 新村 is mostly the name of a compound; 村路, 村里 and the like are streets.
_VILLAGE = re.compile(rf"{_NAME}{{1,12}}?(?:村民委员会|居民委员会|村委会|居委会|社区|(?<!新)村)(?![路街巷弄里苑庄])")


def mask_address(address: str) -> str:
    """Cut after the village; after the town or district where no village can be told."""
    address = address.strip()
    head = _HEAD.match(address)
    kept = head.end() if head else 0
    for part in (_TOWN, _VILLAGE):
        if found := part.match(address, kept):
            kept = found.end()
    return address if kept == len(address) else address[:kept] + "****"


# ── who may see what ─────────────────────────────────────────────────────────────────────────────


class Grade(IntEnum):
    """How far personal data is shown: nothing, up to sensitive (L3), or up to highly sensitive (L4)."""

    NOTHING = 0
    L3 = 3
    L4 = 4


_revealed: ContextVar[Grade] = ContextVar("revealed_grade", default=Grade.NOTHING)


@contextmanager
def revealing(grade: Grade) -> Iterator[None]:
    """Serialise data up to this grade in the clear; outside, and by default, all of it is masked.

    The caller has checked the permission and written the audit row, and serialises inside the block.
    """
    token = _revealed.set(grade)
    try:
        yield
    finally:
        _revealed.reset(token)


def revealed() -> Grade:
    """The grade shown in the clear here."""
    return _revealed.get()


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def _masked(mask: Callable[[str], str], grade: Grade) -> PlainSerializer:
    def serialise(value: str) -> str:
        return value if revealed() >= grade else mask(value)

    return PlainSerializer(serialise, return_type=str)


def _serialise_birth_date(value: date) -> str:
    return value.isoformat() if revealed() >= Grade.L3 else mask_birth_date(value)


PersonName = Annotated[str, _masked(mask_name, Grade.L3), Field(examples=["张*"])]
"""A person's name, L3."""

Phone = Annotated[str, _masked(mask_phone, Grade.L3), Field(examples=["138****1234"])]
"""A telephone number, L3."""

Address = Annotated[str, _masked(mask_address, Grade.L3), Field(examples=["六横镇示例村****"])]
"""An address below the village, L3."""

BirthDate = Annotated[
    date,
    PlainSerializer(_serialise_birth_date, return_type=str),
    Field(examples=["1950"]),
]
"""A date of birth, L3: a date in Python, "1950" or "1950-01-01" on the wire."""

IdNumber = Annotated[str, _masked(mask_id_number, Grade.L4), Field(examples=["330999********0014"])]
"""A resident ID number, L4."""

BankCard = Annotated[str, _masked(mask_bank_card, Grade.L4), Field(examples=["**** **** **** 0015"])]
"""A bank card number, L4."""

HealthText = Annotated[str, _masked(lambda text: "****" if text else "", Grade.L4)]
"""What is written about somebody's health, need or whereabouts, L4: hidden whole."""


# ── requests ─────────────────────────────────────────────────────────────────────────────────────

_NAME_MARKS = frozenset("·•‧・. '-")


def _text(parse: Callable[[str], _Value]) -> BeforeValidator:
    def check(value: Any) -> _Value:
        if not isinstance(value, str):
            raise PydanticCustomError("text_required", "应为文本")
        try:
            return parse(value)
        except NumberError as error:
            raise PydanticCustomError(error.code, error.detail) from None

    return BeforeValidator(check)


def _parse_name(name: str) -> str:
    name = name.strip()
    # Private-use characters are rare names that no font knew when they were first typed in.
    letters = [unicodedata.category(char)[0] in "LM" or unicodedata.category(char) == "Co" for char in name]
    fits = all(is_letter or char in _NAME_MARKS for is_letter, char in zip(letters, name, strict=True))
    if not (1 <= len(name) <= 50 and letters[0] and fits):
        raise NumberError("person_name", "姓名应为1至50个字，不含数字和符号")
    return name


def _parse_address(address: str) -> str:
    address = address.strip()
    if not 1 <= len(address) <= 200:
        raise NumberError("address", "地址应为1至200个字")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"} for char in address):
        raise NumberError("address", "地址含有不能识别的字符")
    return address


def _parse_birth_date(text: str) -> date:
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise NumberError("birth_date", "出生日期格式不正确，应为YYYY-MM-DD")
    try:
        birth = date.fromisoformat(text)
    except ValueError:
        raise NumberError("birth_date", "出生日期不存在") from None
    today = clock.today()
    if birth > today:
        raise NumberError("birth_date_future", "出生日期晚于今天")
    if resident_id.age_on(birth, today) > resident_id.MAX_AGE:
        raise NumberError("birth_date_age", f"出生日期距今超过{resident_id.MAX_AGE}年")
    return birth


PersonNameIn = Annotated[str, _text(_parse_name), Field(examples=["张示例"])]
"""A name of 1 to 50 characters, trimmed. Error `person_name`."""

AddressIn = Annotated[str, _text(_parse_address), Field(examples=["六横镇示例村1号"])]
"""An address of 1 to 200 characters, trimmed. Error `address`."""

PhoneIn = Annotated[
    str,
    _text(mobile.parse),
    WithJsonSchema({"type": "string", "pattern": "^1[3-9][0-9]{9}$", "examples": ["13800001234"]}),
]
"""A mobile number. Error `mobile_format`."""

BirthDateIn = Annotated[
    date,
    _text(_parse_birth_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["1950-01-01"]}),
]
"""A date of birth, "1950-01-01". Errors `birth_date`, `birth_date_future`, `birth_date_age`."""

IdNumberIn = Annotated[
    str,
    _text(lambda number: resident_id.parse(number).number),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{17}[0-9Xx]$", "examples": ["330999195001010017"]}),
]
"""A resident ID number, upper-case X. Errors as `resident_id.parse`."""

BankCardIn = Annotated[
    str,
    _text(bank_card.parse),
    WithJsonSchema({"type": "string", "pattern": "^[0-9 ]{12,23}$", "examples": ["6228480360100000015"]}),
]
"""A bank card number, digits alone. Errors `bank_card_format`, `bank_card_checksum`."""
