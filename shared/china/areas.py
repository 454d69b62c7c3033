"""Area codes (统计用区划代码) and what their digits say.

Twelve digits: two of province, two of city, two of district, three of town, three of village; groups that do
not apply are zeros. Grids (网格) append two digits to their village's code, micro-grids (微网格) two more.
The digits before the trailing zero groups are an area's *prefix*: an area contains exactly the areas whose
codes begin with it, so a scope is a range of strings and needs no tree.

Functions also take shortened codes of 2, 4, 6 or 9 digits ("330903" for 普陀区); rows keep full ones.
Malformed codes raise NumberError `area_code`. Whether an area exists, and when, is data and not known here.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.china.errors import NumberError

STATISTICAL_LENGTH = 12

# Where each group of digits ends, from province to micro-grid.
_ENDS = (2, 4, 6, 9, 12, 14, 16)
_FULL = "[1-9][0-9]{11}(0[1-9]|[1-9][0-9]){0,2}"
_ANY = re.compile(f"{_FULL}|[1-9][0-9]([0-9]{{2}}){{0,2}}|[1-9][0-9]{{8}}")
_FULL_ONLY = re.compile(_FULL)


class Level(IntEnum):
    """The level an area code stands for; a smaller number is a larger area."""

    PROVINCE = 1
    CITY = 2
    DISTRICT = 3
    TOWN = 4
    VILLAGE = 5
    GRID = 6
    MICRO_GRID = 7


def prefix(code: str) -> str:
    """The significant digits: "330903000000" → "330903"."""
    return code[: _ENDS[level(code) - 1]]


def level(code: str) -> Level:
    """The level of the last group that is not all zeros.

    A town directly under a city (no district: 441900003000) is a town all the same.
    """
    if not _ANY.fullmatch(code):
        raise _malformed()
    found = Level.PROVINCE
    for step, (start, end) in zip(Level, zip((0, *_ENDS), _ENDS, strict=False), strict=False):
        if code[start:end].strip("0"):
            found = step
    return found


def full(code: str) -> str:
    """The code as rows keep it, at least twelve digits: "330903" → "330903000000"."""
    return prefix(code).ljust(STATISTICAL_LENGTH, "0")


def covers(area: str, code: str) -> bool:
    """Whether `code` is `area` or lies in it."""
    return full(code).startswith(prefix(area))


@lru_cache(maxsize=4096)
def range_of(area: str) -> tuple[str, str]:
    """`(lo, hi)` with `lo <= code < hi` exactly for the full codes the area covers.

    The comparison is by code point: in SQL, `COLLATE "C"`. Where the last digit is 9, `hi` ends in ":", the
    character after it.
    """
    lo = prefix(area)
    return lo, lo[:-1] + chr(ord(lo[-1]) + 1)


def parent(code: str) -> str | None:
    """The full code of the next larger area; None for a province."""
    own = level(code)
    return None if own is Level.PROVINCE else full(code[: _ENDS[own - 2]])


def lineage(code: str) -> list[str]:
    """Full codes from the province down to the area itself."""
    own: str | None = full(code)
    found = []
    while own is not None:
        found.append(own)
        own = parent(own)
    return found[::-1]


def at_level(code: str, wanted: Level) -> str | None:
    """The full code of the area of that level which contains `code`; None where there is none."""
    return next((area for area in lineage(code) if level(area) is wanted), None)


def is_management_committee(code: str) -> bool:
    """Whether this is a management committee (管委会): town duties under a village-level code 901–999."""
    return level(code) is Level.VILLAGE and full(code)[9] == "9" and full(code)[9:] != "900"


def _malformed() -> NumberError:
    return NumberError("area_code", "行政区划代码应为12位数字，网格为14位，微网格为16位")


def _check(value: Any) -> str:
    if isinstance(value, str) and _FULL_ONLY.fullmatch(value):
        return value
    error = _malformed()
    raise PydanticCustomError(error.code, error.detail)


AreaCode = Annotated[
    str,
    BeforeValidator(_check),
    WithJsonSchema({"type": "string", "pattern": f"^{_FULL}$", "examples": ["330903100000"]}),
]
"""A full area code: 12 digits, a grid 14, a micro-grid 16. Error `area_code`."""
