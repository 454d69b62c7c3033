"""Who counts in a month, on which income, at what age. The first day of the month decides all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shared.db.problems import Conflict, Forbidden, Invalid

RELATIONS = ("SELF", "SPOUSE", "CHILD", "PARENT", "GRANDCHILD", "GRANDPARENT", "SIBLING", "OTHER")
LABOUR = ("FULL", "PARTIAL", "NONE")
CONDITIONS = ("SEVERE_DISABILITY", "CRITICAL_ILLNESS", "SINGLE_PARENT_CHILD", "CARE_PARTLY", "CARE_FULLY")


class PersonInHousehold(Conflict):
    code = "person_in_household"
    detail = "该人员同一时期已在其他家庭中"


class PersonDeceased(Conflict):
    code = "person_deceased"
    detail = "该人员已登记死亡，不能办理"


class MemberLeft(Conflict):
    code = "member_left"
    detail = "该成员已离开家庭"


class LeavesBeforeJoining(Invalid):
    code = "leaves_before_joining"
    detail = "离开日期早于加入日期"


class ApplicantFirst(Invalid):
    code = "applicant_first"
    detail = "第一名成员应为申请人本人，且只有一名"


class ConditionTerm(Invalid):
    code = "condition_term"
    detail = "截止月份早于起始月份"


class JoinsInFuture(Invalid):
    code = "date_in_future"
    detail = "日期晚于今天"


class IncomeMonth(Invalid):
    code = "income_month"
    detail = "收入起始月份不能晚于下个月"


class AreaOutside(Forbidden):
    code = "area_outside"
    detail = "该地区不在您的管辖范围内"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something special about a member, from a month to a month, both included."""

    kind: str
    from_month: date
    to_month: date | None = None

    def holds(self, month: date) -> bool:
        """Whether it holds in a month."""
        return self.from_month <= month and (self.to_month is None or month <= self.to_month)


@dataclass(frozen=True, slots=True)
class Membership:
    """A member as the rules see her. `share_ends` is the first month without her share after a confirmed death."""

    person_id: str
    valid_from: date
    valid_to: date | None
    birth: date
    conditions: tuple[Condition, ...] = ()
    share_ends: date | None = None
    labour: str = "FULL"

    def counts(self, month: date) -> bool:
        """Whether she is counted in a month: a member on its first day, and her share has not ended."""
        is_member = self.valid_from <= month and (self.valid_to is None or month <= self.valid_to)
        return is_member and (self.share_ends is None or month < self.share_ends)

    def age(self, month: date) -> int:
        """Completed years on the first day of the month."""
        return month.year - self.birth.year - ((month.month, month.day) < (self.birth.month, self.birth.day))

    def held(self, month: date) -> tuple[str, ...]:
        """The kinds of conditions that hold in a month, each once, in the order of `CONDITIONS`."""
        kinds = {condition.kind for condition in self.conditions if condition.holds(month)}
        return tuple(kind for kind in CONDITIONS if kind in kinds)


@dataclass(frozen=True, slots=True)
class IncomeFrom:
    """The family's monthly total from a month on."""

    from_month: date
    monthly_fen: int


def counted(members: Iterable[Membership], month: date) -> list[Membership]:
    """The members counted in a month."""
    return [member for member in members if member.counts(month)]


def income_in(incomes: Sequence[IncomeFrom], month: date) -> IncomeFrom | None:
    """The record in force in a month, of `incomes` in the order of recording; None before the first."""
    found: IncomeFrom | None = None
    for income in incomes:
        if income.from_month <= month and (found is None or income.from_month >= found.from_month):
            found = income
    return found


def divided_by(members: Sequence[Membership], income: IncomeFrom) -> int:
    """What an income record is divided by: the members counted in the month it begins, at least one. So a death
    stops the dead person's own share and does not lift the others'; a new record is divided by the living."""
    return max(1, len(counted(members, income.from_month)))
