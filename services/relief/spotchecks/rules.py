"""How many are drawn, and what a finding may follow."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from shared.db.problems import Conflict, Invalid


class DrawnAlready(Conflict):
    code = "drawn_already"
    detail = "该月已经抽取"


class MonthNotOver(Invalid):
    code = "month_not_over"
    detail = "该月尚未结束，不能抽取"


class CheckFound(Conflict):
    code = "check_found"
    detail = "该抽查已有结论"


class NothingToCorrect(Conflict):
    code = "nothing_to_correct"
    detail = "没有责令纠正的事项或者已经纠正"


def sample(count: int, share: Decimal) -> int:
    """At least so large a share, so at least one of any (§2.5: ≥ 10 %, 特困 ≥ 30 %)."""
    return int((count * share).to_integral_value(ROUND_CEILING))
