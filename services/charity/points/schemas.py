"""Points on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from shared.money import MoneyFen, PositiveMoneyFenIn
from shared.web import Wire
from shared.web.wire import ShortText

Use = Literal["GOODS", "SERVICE", "TICKET", "PROJECT"]
Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,64}$")]


class BalanceOut(Wire):
    """积分余额。pending 为核验期内尚不可用的部分。"""

    person_id: str
    balance: int
    pending: int
    available: int
    is_frozen: bool
    next_expiry: date | None = Field(description="最早一批积分的有效期末日")


class MovementOut(Wire):
    """一笔积分变动：points 为正是增加，为负是减少。"""

    id: str
    kind: Literal["EARN", "REDEEM", "REVERSE", "EXPIRE", "POOL"]
    points: int
    source: str
    ref: str
    on_date: date
    value: MoneyFen | None = Field(None, validation_alias="value_fen", description="转赠项目所得金额")
    reverses: str | None
    note: str
    created_at: datetime


class EarnedOut(Wire):
    """记入的积分和理由。"""

    movement: MovementOut
    reasons: list[str]


class HoursIn(Wire):
    """经核实的志愿服务时段。"""

    started_at: AwareDatetime
    ended_at: AwareDatetime
    ref: Ref = Field(description="服务记录编号，每个编号只计一次")


class GiftIn(Wire):
    """已收到的捐赠。"""

    amount: PositiveMoneyFenIn
    on_date: date
    ref: Ref = Field(description="捐赠票据编号，每个编号只计一次")


class RedeemIn(Wire):
    """兑换：物品、服务、票券，或转赠慈善项目。"""

    use: Use
    points: Annotated[int, Field(ge=1, le=1_000_000)]
    item: ShortText


class ReverseIn(Wire):
    """冲回的理由。"""

    reason: ShortText
