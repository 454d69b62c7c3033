"""The level of a family, explained. `evaluating` says the same over all families in SQL; a property test holds both
equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel

from services.relief.law import BOOK
from services.relief.rechecks.rules import last_day
from shared.db.problems import Conflict, Invalid
from shared.money import format_yuan
from shared.policy import Law, Outcome, Reasons, Table

GREEN, YELLOW, ORANGE, RED = "GREEN", "YELLOW", "ORANGE", "RED"
LEVELS = (GREEN, YELLOW, ORANGE, RED)
"""Rising."""
COLOURS: Mapping[str, str] = {GREEN: "绿色", YELLOW: "黄色", ORANGE: "橙色", RED: "红色"}

RULE_ID, RULE_VERSION = "relief.warning", 1
_SOURCE = "规划三(一)4"

WORDS: Mapping[str, str] = {
    "BURDEN": "医疗费用个人负担较重",
    "JOBLESS": "劳动年龄成员全部失业",
    "NEW_DISABILITY": "新增一二级残疾",
    "EARNER_LOST": "主要劳动力死亡或服刑",
    "DISASTER": "火灾等灾害损失",
    "UNPAID_FEES": "学生欠缴学费",
    "BENEFIT_STOPPED": "近期停发待遇",
    "ELDER_ALONE": "高龄老人独居",
    "CHILD_ALONE": "儿童无人监护",
    "MISSED_VISITS": "多次未完成走访",
    "HARDSHIP_CALL": "反映断粮、无处居住的投诉或来电",
    "NO_FOOD": "断粮",
    "NO_SHELTER": "无处居住",
    "LIFE_DANGER": "生命危险",
}
"""What may count towards a level."""
HEALTH = frozenset({"BURDEN", "NEW_DISABILITY"})
"""Facts about somebody's health (L4): named and counted to those alone who ask with a reason."""

OF_PERSON = ("JOBLESS", "NEW_DISABILITY", "UNPAID_FEES", "MAIN_EARNER", "IMPRISONED")
"""Recorded about a member; MAIN_EARNER and IMPRISONED make EARNER_LOST, as does a confirmed death."""
OF_FAMILY = ("DISASTER", "CHILD_ALONE", "HARDSHIP_CALL", "NO_FOOD", "NO_SHELTER", "LIFE_DANGER")
RECORDED = (*OF_PERSON, *OF_FAMILY)
"""What departments and clerks record; all else is read from cases, bills, visits and members."""

STATES = ("DISPATCHED", "ESCALATED", "VISITED", "DISPOSED", "CLOSED")
DISPOSALS: Mapping[str, str] = {
    "RELIEF_APPLIED": "已申请救助",
    "REFERRED": "已转介",
    "ALREADY_COVERED": "已有保障",
    "NO_DIFFICULTY": "没有困难",
    "REFUSED_HELP": "本人拒绝",
}


class FactOfMember(Invalid):
    code = "fact_of_member"
    detail = "此类情况须指明家庭在册成员"


class FactOfFamily(Invalid):
    code = "fact_of_family"
    detail = "此类情况属于整个家庭，不指明成员"


class FactInFuture(Invalid):
    code = "date_in_future"
    detail = "日期晚于今天"


class FactEndsEarly(Invalid):
    code = "fact_ends_early"
    detail = "结束日期早于发生日期"


class FactEnded(Conflict):
    code = "fact_ended"
    detail = "该情况已结束或已撤回"


class WarningInWrongState(Conflict):
    code = "warning_in_wrong_state"
    detail = "预警当前状态不允许此操作"


class OfferUrgentRelief(Invalid):
    code = "offer_urgent_relief"
    detail = "红色预警须现场告知并提供急难救助，请填写是否提供"


class ReferredWhere(Invalid):
    code = "referred_where"
    detail = "转介须填写接收部门，其他处置不填"


# ── the level ────────────────────────────────────────────────────────────────────────────────────


class Found(BaseModel):
    """One thing found about a family: since when, how much money (fen), how often or how old, where that matters."""

    kind: str
    since: date | None = None
    fen: int | None = None
    count: int | None = None


class WarningFacts(BaseModel):
    """What is found about a family on a day, each kind once, in the order of their names."""

    found: list[Found] = []


@dataclass(frozen=True, slots=True)
class Count:
    """What one finding counts: its points, and whether it is a danger that makes RED by itself."""

    kind: str
    points: int
    is_danger: bool


def count(found: Found, on: date, points: Table) -> Count | None:
    """The highest line of the table that a finding fills on a day; None where it fills none."""
    lines = [line for line in points if line["fact"] == found.kind and _fills(found, on, line)]
    if not lines:
        return None
    return Count(found.kind, max(_whole(line, "points") for line in lines), any(line["is_danger"] for line in lines))


def _fills(found: Found, on: date, line: Mapping[str, Any]) -> bool:
    if (found.fen or 0) < line["from_fen"] or (found.count or 0) < line["from_count"]:
        return False
    if found.since is None:
        return True
    is_over = line["lasts"] > 0 and last_day(found.since, line["lasts"]) <= on
    return last_day(found.since, line["after"]) <= on and not is_over


def _whole(line: Mapping[str, Any], name: str) -> int:
    return int(line[name])


def level_of(counts: Sequence[Count], levels: Table) -> str:
    """The colour of a sum of points; a danger is RED whatever the sum."""
    total = sum(one.points for one in counts)
    if any(one.is_danger for one in counts):
        return RED
    reached = {str(line["level"]) for line in levels if total >= _whole(line, "from_points")}
    return next((level for level in reversed(LEVELS) if level in reached), GREEN)


@BOOK.rule(RULE_ID, version=RULE_VERSION, title="四色预警", facts=WarningFacts)
def warning(facts: WarningFacts, law: Law, why: Reasons) -> Outcome:
    """Points per fact, added up; the sum is a colour (domain §2.10)."""
    points, levels = law.table("warnings.points"), law.table("warnings.levels")
    counts = []
    for found in facts.found:
        counted = count(found, law.on, points)
        if counted is not None:
            counts.append(counted)
        why.because(f"warning.{found.kind.lower()}", _sentence(found, counted), result=_result(counted), source=_SOURCE)
    total, level = sum(one.points for one in counts), level_of(counts, levels)
    danger = "，且有危及生命或断粮、无处居住的情形" if any(one.is_danger for one in counts) else ""
    why.because("warning.level", f"合计{total}分{danger}，为{COLOURS[level]}", result=total, source=_SOURCE)
    return Outcome(level)


def _sentence(found: Found, counted: Count | None) -> str:
    parts = [WORDS[found.kind]]
    if found.since is not None:
        parts.append(f"自{found.since.isoformat()}起")
    if found.fen is not None:
        parts.append(f"{format_yuan(found.fen)}元")
    if found.count is not None:
        parts.append(f"{found.count}{'周岁' if found.kind == 'ELDER_ALONE' else '次'}")
    if counted is None:
        return "，".join([*parts, "未达到计分条件"])
    return "，".join([*parts, "直接列为红色" if counted.is_danger else f"计{counted.points}分"])


def _result(counted: Count | None) -> int:
    return counted.points if counted else 0


# ── from night to night ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Standing:
    """A family's level, the kinds that make it, and for a RED one the day it was first found below RED."""

    level: str = GREEN
    kinds: tuple[str, ...] = ()
    clear_since: date | None = None


def follow(before: Standing, found: Standing, on: date, clear_days: int, *, corrects: bool = False) -> Standing:
    """The level after an evaluation that `found` so much. RED is left at the second of two clear evaluations so many
    days apart, with no RED one between; every other level at once, and RED too where an error is put right."""
    if before.level != RED or found.level == RED or corrects:
        return replace(found, clear_since=None)
    if before.clear_since is None:
        return Standing(RED, found.kinds, on)
    if on >= before.clear_since + timedelta(days=clear_days):
        return replace(found, clear_since=None)
    return Standing(RED, found.kinds, before.clear_since)


def calls_for_action(before: Standing, after: Standing) -> bool:
    """Whether somebody has to go there (again): the level rose, or something new stands behind it."""
    has_more = bool(set(after.kinds) - set(before.kinds))
    return after.level != GREEN and (LEVELS.index(after.level) > LEVELS.index(before.level) or has_more)
