"""Identifiers: UUIDv7 for rows and messages, readable numbers for business papers, and their wire types."""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

# ── UUIDv7 ───────────────────────────────────────────────────────────────────────────────────────

_RANDOM_BITS = 74  # rand_a (12) and rand_b (62) of RFC 9562 §5.7
_RANDOM_END = 1 << _RANDOM_BITS


class _Series:
    """The last timestamp and random part given out: RFC 9562 §6.2, "monotonic random"."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._random = 0

    def next(self) -> UUID:
        # Real time, not the business clock: ids must go on rising when that one is moved back.
        milliseconds = time.time_ns() // 1_000_000
        with self._lock:
            if milliseconds > self._milliseconds:
                self._milliseconds = milliseconds
                self._random = secrets.randbits(_RANDOM_BITS - 1)  # a clear top bit leaves room to count up
            else:
                self._random += 1 + secrets.randbits(32)
                if self._random >= _RANDOM_END:
                    self._milliseconds += 1
                    self._random = secrets.randbits(_RANDOM_BITS - 1)
            milliseconds, random = self._milliseconds, self._random
        rand_a, rand_b = random >> 62, random & ((1 << 62) - 1)
        return UUID(int=milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


_series = _Series()


def _after_fork() -> None:
    # A child must neither continue its parent's series nor inherit its lock in a held state.
    global _series  # noqa: PLW0603 — one series per process is the point
    _series = _Series()


os.register_at_fork(after_in_child=_after_fork)


def uuid7() -> str:
    """A new UUIDv7 as a lower-case string; each one sorts after all earlier ones of this process."""
    return str(_series.next())


# ── business numbers ─────────────────────────────────────────────────────────────────────────────

_WORD = "[a-z][a-z0-9_]*"
_BUSINESS_NUMBER = re.compile(
    rf"(?P<service>{_WORD})-(?P<kind>{_WORD})-(?P<area6>[0-9]{{6}})-(?P<day>[0-9]{{8}})-(?P<seq>[0-9]{{6}})"
)
_WORD_ONLY = re.compile(_WORD)
_AREA6 = re.compile("[0-9]{6}")


class BusinessNumberError(ValueError):
    """A text that is no business number. `detail` is for people."""

    code = "business_number"
    detail = "业务编号格式不正确"

    def __init__(self) -> None:
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class BusinessNumber:
    """`<service>-<kind>-<area6>-<yyyymmdd>-<seq6>`, unique and never used again (domain §1.1).

    The sequence comes from the caller, who takes it from a counter per service, kind, area and day.
    """

    service: str
    kind: str
    area6: str
    day: date
    sequence: int

    def __post_init__(self) -> None:
        if not (_WORD_ONLY.fullmatch(self.service) and _WORD_ONLY.fullmatch(self.kind)):
            raise ValueError(f"not a lower-case word: {self.service!r}, {self.kind!r}")
        if not _AREA6.fullmatch(self.area6):
            raise ValueError(f"not a six-digit area code: {self.area6!r}")
        if not 1 <= self.sequence <= 999_999:
            raise ValueError(f"the sequence runs from 1 to 999999, not {self.sequence}")

    def __str__(self) -> str:
        day = self.day.isoformat().replace("-", "")
        return f"{self.service}-{self.kind}-{self.area6}-{day}-{self.sequence:06d}"


def business_number(service: str, kind: str, area6: str, day: date, sequence: int) -> str:
    """Write a business number; ValueError when a part does not fit its place."""
    return str(BusinessNumber(service, kind, area6, day, sequence))


def parse_business_number(text: str) -> BusinessNumber:
    """Read a business number; BusinessNumberError for anything else."""
    match = _BUSINESS_NUMBER.fullmatch(text)
    if match is None:
        raise BusinessNumberError
    day = match["day"]
    try:
        return BusinessNumber(
            match["service"],
            match["kind"],
            match["area6"],
            date(int(day[:4]), int(day[4:6]), int(day[6:])),
            int(match["seq"]),
        )
    except ValueError as error:
        raise BusinessNumberError from error


# ── wire types ───────────────────────────────────────────────────────────────────────────────────

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# "p1" and 26 characters of RFC 4648 base32 in lower case: 128 bits of a keyed digest, or of chance.
_PERSON_ID = re.compile("p1[a-z2-7]{26}")


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its canonical lower-case form."""
    return _UUID.fullmatch(text) is not None


def is_person_id(text: str) -> bool:
    """Whether the text has the form of a person key; says nothing about whether the person exists."""
    return _PERSON_ID.fullmatch(text) is not None


def without_persons(text: str) -> str:
    """The text with its person keys taken out: who runs the system sees none."""
    return _PERSON_ID.sub("p1***", text)


def _check_uuid(value: Any) -> str:
    if isinstance(value, str) and is_uuid(lower := value.lower()):
        return lower
    raise PydanticCustomError("uuid", "标识格式不正确，应为 UUID")


def _check_person_id(value: Any) -> str:
    if isinstance(value, str) and is_person_id(value):
        return value
    raise PydanticCustomError("person_id", "人员标识格式不正确")


UuidStr = Annotated[
    str,
    BeforeValidator(_check_uuid),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
"""A UUID as a lower-case string; upper case is accepted. Error `uuid`."""

PersonId = Annotated[
    str,
    BeforeValidator(_check_person_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_PERSON_ID.pattern}$"}),
]
"""A person key. Error `person_id`."""
