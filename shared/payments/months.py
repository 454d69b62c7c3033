"""Months: the first day of the month as a `date` in Python and SQL, "2025-06" on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_MONTH = re.compile(r"(?P<year>19[0-9]{2}|2[01][0-9]{2})-(?P<month>0[1-9]|1[0-2])")


def month_of(day: date) -> date:
    """The month a day lies in."""
    return day.replace(day=1)


def plus(month: date, months: int) -> date:
    """The month so many later (or earlier)."""
    count = month.year * 12 + month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def after(day: date) -> date:
    """The first month after the one the day lies in: what ends "with the month of death" is not due from here."""
    return plus(day, 1)


def quarter_of(day: date) -> date:
    """The first month of the quarter a day lies in."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def between(first: date, last: date) -> int:
    """How many months `last` is after `first`."""
    return (last.year - first.year) * 12 + last.month - first.month


def span(first: date, last: date) -> Iterator[date]:
    """Every month from `first` to `last`, both included."""
    month = month_of(first)
    while month <= last:
        yield month
        month = plus(month, 1)


def spoken(month: date) -> str:
    """2025年6月."""
    return f"{month.year}年{month.month}月"


def _read(value: Any) -> date:
    if isinstance(value, date) and value.day == 1:
        return value
    match = _MONTH.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("month", "月份格式不正确，应如 2025-06")
    return date(int(match["year"]), int(match["month"]), 1)


def _write(value: date) -> str:
    return f"{value:%Y-%m}"


Month = Annotated[
    date,
    BeforeValidator(_read),
    PlainSerializer(_write, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "pattern": f"^({_MONTH.pattern})$".replace("?P<year>", "").replace("?P<month>", "")}
    ),
]
"""A month on the wire: "2025-06". Error `month`."""
