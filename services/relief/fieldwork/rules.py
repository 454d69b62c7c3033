"""What a third party's visit needs, when two looks at a house differ, and what a quarter's differences mean."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shared.db.problems import Conflict, Forbidden, Invalid


class VisitState(Conflict):
    code = "field_visit_state"
    detail = "该调查当前状态不能办理此事项"


class ContractOver(Conflict):
    code = "contract_over"
    detail = "委托合同不在有效期内或不覆盖该地区"


class ContractEnded(Conflict):
    code = "contract_ended"
    detail = "委托合同已终止"


class NotSigned(Invalid):
    code = "not_signed"
    detail = "调查表应由家庭成员签字"


class PhotoMissing(Conflict):
    code = "photo_missing"
    detail = "应先上传现场照片"


class PhotoRefused(Invalid):
    code = "photo_refused"
    detail = "现场照片应为 JPEG 或 PNG 图片"


class DateOutside(Invalid):
    code = "date_outside"
    detail = "入户日期应在委托之日至今天之间"


class ContractPeriod(Invalid):
    code = "contract_period"
    detail = "合同截止日期早于起始日期"


class SameSurveyor(Forbidden):
    code = "same_surveyor"
    detail = "复查不得由委托该调查的人办理"


class ResampleDone(Conflict):
    code = "resample_done"
    detail = "该复查已完成"


@dataclass(frozen=True, slots=True)
class Form:
    """What a look at a house finds: heads, fen a month, homes, vehicles."""

    heads: int
    monthly_fen: int
    homes: int
    vehicles: int


def differences(first: Form, second: Form, tolerance: Decimal, *, has_taken_place: bool = True) -> list[str]:
    """Where the town's look differs from the third party's; the income beyond a tolerance of what the town found."""
    found = [] if has_taken_place else ["VISIT"]
    found += [name.upper() for name in ("heads", "homes", "vehicles") if getattr(first, name) != getattr(second, name)]
    if abs(first.monthly_fen - second.monthly_fen) > second.monthly_fen * tolerance:
        found.append("INCOME")
    return found


def is_warned(mismatches: int, drawn: int, rate: Decimal) -> bool:
    """More than the rate of a quarter's drawn visits differ. `drawn` counts those still open too: a rate that is over
    with them is over whatever they find."""
    return drawn > 0 and Decimal(mismatches) / drawn > rate
