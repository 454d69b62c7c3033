"""How many points, until when, and which are spent first."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.db.problems import Conflict, Invalid
from shared.money import format_yuan

LONGEST_SERVICE = timedelta(hours=24)


class CapReached(Conflict):
    code = "points_cap_reached"
    detail = "已达到积分上限，本次不再计分"


class HoursOverlap(Conflict):
    code = "hours_overlap"
    detail = "该时段已有志愿服务记录，同一时间不能重复计分"


class AlreadyEarned(Conflict):
    code = "points_already_earned"
    detail = "该记录已计过积分"


class PointsFrozen(Conflict):
    code = "points_frozen"
    detail = "积分账户已冻结，暂不能使用"


class NotEnoughPoints(Conflict):
    code = "points_not_enough"
    detail = "可用积分不足"


class AlreadyReversed(Conflict):
    code = "points_already_reversed"
    detail = "该笔积分已冲回"


class NotReversible(Conflict):
    code = "points_not_reversible"
    detail = "只有获得和兑换的积分可以冲回"


class AlreadySpent(Conflict):
    code = "points_already_spent"
    detail = "该笔积分已用完或已过期，没有可以冲回的部分"


class TooOld(Invalid):
    code = "too_old"
    detail = "该记录的积分已过有效期"


@dataclass(frozen=True, slots=True)
class Earned:
    """How many points, and the sentences that say why."""

    points: int
    reasons: tuple[str, ...]


def for_hours(minutes: int, *, per_hour: int, day_cap: int, that_day: int) -> Earned:
    """Points of verified hours: whole points only, up to the day's cap."""
    full = minutes * per_hour // 60
    reasons = [f"服务{minutes}分钟，每小时{per_hour}分，计{full}分"]
    room = max(day_cap - that_day, 0)
    if full > room:
        reasons.append(f"当日上限{day_cap}分，已计{that_day}分，本次计{room}分")
    return Earned(min(full, room), tuple(reasons))


def for_gift(amount_fen: int, *, step_fen: int, gift_cap: int, year_cap: int, that_year: int) -> Earned:
    """Points of a gift of money: one for each full step, up to the caps of the gift and of the year."""
    full = amount_fen // step_fen
    reasons = [f"捐赠{format_yuan(amount_fen)}元，每{format_yuan(step_fen)}元计1分，计{full}分"]
    points = full
    if points > gift_cap:
        points = gift_cap
        reasons.append(f"单笔上限{gift_cap}分")
    room = max(year_cap - that_year, 0)
    if points > room:
        points = room
        reasons.append(f"当年上限{year_cap}分，已计{that_year}分，本次计{room}分")
    return Earned(points, tuple(reasons))


def check_period(started_at: datetime, ended_at: datetime, now: datetime) -> int:
    """The minutes of a period of service that is over; refuses what cannot be true."""
    if ended_at <= started_at:
        raise Invalid("period_reversed", "结束时间应晚于开始时间", field="endedAt")
    if ended_at > now:
        raise Invalid("period_in_future", "服务尚未结束", field="endedAt")
    if ended_at - started_at > LONGEST_SERVICE:
        raise Invalid("period_too_long", "一次服务不超过24小时", field="endedAt")
    return int((ended_at - started_at).total_seconds()) // 60


def last_day(earned_on: date, years: int) -> date:
    """Points live until 31 December of the year `years` after they were earned."""
    return date(earned_on.year + years, 12, 31)


def months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of its month (CC 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a lot, in the order of spending."""

    lot_id: str
    points: int


def take(left: Sequence[Left], points: int) -> list[Left]:
    """Which points are spent: the first of `left` first. Raises NotEnoughPoints."""
    taken: list[Left] = []
    for lot in left:
        if points == 0:
            break
        part = min(lot.points, points)
        taken.append(Left(lot.lot_id, part))
        points -= part
    if points:
        raise NotEnoughPoints
    return taken


def project_value(points: int, *, step: int, value_fen: int) -> int:
    """What the merchants' fund pays a project for points, in fen; only whole steps."""
    if points % step:
        raise Invalid("points_not_whole_steps", f"转赠慈善项目的积分须为{step}的整数倍", field="points")
    return points // step * value_fen
