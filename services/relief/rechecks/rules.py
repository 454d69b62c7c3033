"""The limit of a re-check."""

from __future__ import annotations

import calendar
from datetime import date

from shared.db.problems import Invalid


class EffectiveMonth(Invalid):
    code = "effective_month"
    detail = "生效月份不能早于待遇起始月份，也不能晚于下个月"


def last_day(asked: date, months: int) -> date:
    """The corresponding day so many months later, the last day of that month where it has none (CC 202)."""
    count = asked.year * 12 + asked.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(asked.day, calendar.monthrange(year, month)[1]))
