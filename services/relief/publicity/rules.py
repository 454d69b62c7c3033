"""What a notice may show, and when it can be spoken against."""

from __future__ import annotations

from datetime import date

from shared.db.problems import Conflict
from shared.security.masking import mask_name


class NoticeOver(Conflict):
    code = "publicity_over"
    detail = "公示已结束"


def shown_name(name: str, *, is_minor: bool) -> str:
    """A masked name; of a minor nothing (§1.5; MLG 24)."""
    return "" if is_minor else mask_name(name)


def is_running(result: str, from_on: date, to_on: date, today: date) -> bool:
    """Whether it hangs on a day."""
    return result == "" and from_on <= today <= to_on
