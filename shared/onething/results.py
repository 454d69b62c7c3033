"""Checks the small typed results people and departments hand in for a task. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.onething.definition import FieldType, ResultField

_TEXT_MAX = 2000
_YEARS = range(1900, 2200)
"""An instant in a result may start a limit: a year at the end of all calendars would leave none to count in."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """`field` as the caller wrote it, a stable `code`, and what to tell the person."""

    field: str
    code: str
    message: str


def faults_of(fields: Mapping[str, ResultField], values: Mapping[str, Any]) -> list[FieldFault]:
    """What is wrong with `values`, in the order of the definition; an empty list when all is well.

    An absent value and null are the same. Values stay in their wire form (dates as text, money as a
    decimal string), since they are stored and shown, not reckoned with.
    """
    found = [
        FieldFault(name, "unknown_field", "没有这个填写项") for name in sorted(values.keys() - fields.keys(), key=str)
    ]
    for name, field in fields.items():
        value = values.get(name)
        if value is None:
            if field.required:
                found.append(FieldFault(name, "required", f"请填写{field.title}"))
        elif field.type is FieldType.CHOICE:
            if value not in field.choices:
                found.append(FieldFault(name, "not_a_choice", f"{field.title}应为：{'、'.join(field.choices)}"))
        elif not _FITS[field.type](value):
            found.append(FieldFault(name, "wrong_type", f"{field.title}应为{_WORDS[field.type]}"))
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _TEXT_MAX and "\x00" not in value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        return date.fromisoformat(value).year in _YEARS
    except ValueError:
        return False


def _is_datetime(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return False
    return found.tzinfo is not None and found.year in _YEARS


def _is_month(value: Any) -> bool:
    return isinstance(value, str) and _is_date(f"{value}-01")


def _is_money(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,12})\.[0-9]{2}", value) is not None


_FITS: dict[FieldType, Callable[[Any], bool]] = {
    FieldType.TEXT: _is_text,
    FieldType.INTEGER: _is_integer,
    FieldType.BOOLEAN: _is_boolean,
    FieldType.DATE: _is_date,
    FieldType.DATETIME: _is_datetime,
    FieldType.MONTH: _is_month,
    FieldType.MONEY: _is_money,
}
_WORDS: dict[FieldType, str] = {
    FieldType.TEXT: f"文字（不超过{_TEXT_MAX}字）",
    FieldType.INTEGER: "整数",
    FieldType.BOOLEAN: "是或否",
    FieldType.DATE: "日期，如 2025-04-01",
    FieldType.DATETIME: "带时区的时间，如 2025-04-01T08:30:00+08:00",
    FieldType.MONTH: "月份，如 2025-04",
    FieldType.MONEY: "金额，如 1230.00",
}
