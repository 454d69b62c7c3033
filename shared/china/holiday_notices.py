"""Holiday notices of the State Council: which weekdays are off and which weekend days are worked.

One notice per year, as a YAML file in `workdays/` with the dates in the notice's own words (from, to, days to
work). New Year may reach into the December before, so a year's last days are settled by the *next* notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_LONGEST = 16  # days: twice the longest holiday so far; more is a slip of the pen


class NoticeError(ValueError):
    """A notice that cannot be right. `detail` says why, for the person who enters it."""

    code = "holiday_notice"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Notice:
    """The arrangements for one year: `rest` are all days of its holidays, `work` the weekend days worked."""

    year: int
    source: tuple[str, ...]
    rest: frozenset[date]
    work: frozenset[date]


def read_notice(content: Mapping[str, Any]) -> Notice:
    """A notice from its YAML form:

        year: 2026
        source: [国务院办公厅关于2026年部分节假日安排的通知]
        holidays: [{name: 元旦, from: 2026-01-01, to: 2026-01-03, work: [2026-01-04]}]

    Raises NoticeError when a part is missing or impossible.
    """
    try:
        year = int(content["year"])
        source = tuple(str(title) for title in content["source"])
        holidays = [
            (str(entry["name"]), _day(entry["from"]), _day(entry["to"]), [*map(_day, entry.get("work", ()))])
            for entry in content["holidays"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoticeError("节假日安排缺少年份、来源、节日或起止日期，或日期格式不正确") from error
    if not source or not holidays:
        raise NoticeError("节假日安排应写明来源，并至少有一个节日")
    rest: set[date] = set()
    work: set[date] = set()
    for name, first, last, worked in holidays:
        if not 0 <= (last - first).days < _LONGEST:
            raise NoticeError(f"{name}的起止日期不正确")
        rest.update(first + timedelta(days=step) for step in range((last - first).days + 1))
        work.update(worked)
    if any(not date(year - 1, 12, 1) <= day <= date(year, 12, 31) for day in rest | work):
        raise NoticeError(f"日期应在{year}年内，元旦可自上年12月起")
    if any(day.weekday() < 5 for day in work):
        raise NoticeError("调休上班日应为周六或周日")
    if rest & work:
        raise NoticeError("同一天不能既放假又上班")
    return Notice(year, source, frozenset(rest), frozenset(work))


@cache
def published() -> tuple[Notice, ...]:
    """The notices that come with the product, oldest first."""
    found = [
        read_notice(_load(file.read_text("utf-8")))
        for file in files("shared.china").joinpath("workdays").iterdir()
        if file.name.removesuffix(".yaml").isdigit()
    ]
    return tuple(sorted(found, key=lambda notice: notice.year))


def statutory_days(year: int) -> frozenset[date]:
    """The holidays of a year whose solar date the law fixes; the lunar ones are known by notice only."""
    entries = [entry for entry in _statutory() if entry[0] <= year] or _statutory()[:1]
    return frozenset(date(year, month, day) for month, day in entries[-1][1])


@cache
def _statutory() -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
    text = files("shared.china").joinpath("workdays", "statutory.yaml").read_text("utf-8")
    return tuple(
        (entry["from_year"], tuple((int(day[:2]), int(day[3:])) for day in entry["days"])) for entry in _load(text)
    )


def _load(text: str) -> Any:
    return yaml.safe_load(text)


def _day(value: Any) -> date:
    # YAML reads dates by itself; a notice that came as JSON brings text.
    return value if type(value) is date else date.fromisoformat(value)
