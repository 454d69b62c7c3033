"""Households on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.relief.households import reading
from services.relief.households.rules import Condition
from services.relief.households.service import Household, Income, Member, MemberCondition, NewMember
from shared.china.areas import AreaCode
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen, MoneyFenIn
from shared.payments import Month
from shared.security.masking import BirthDate, BirthDateIn, PersonName, PersonNameIn
from shared.web import Wire

IncomeIn = Annotated[MoneyFenIn, Field(ge=0)]
"""A family's total of a month: a decimal string of yuan, nothing below zero."""
Relation = Literal["SELF", "SPOUSE", "CHILD", "PARENT", "GRANDCHILD", "GRANDPARENT", "SIBLING", "OTHER"]
Labour = Literal["FULL", "PARTIAL", "NONE"]
ConditionKind = Literal["SEVERE_DISABILITY", "CRITICAL_ILLNESS", "SINGLE_PARENT_CHILD", "CARE_PARTLY", "CARE_FULLY"]


class HouseholdItem(Wire):
    """A row of the list."""

    id: UuidStr
    area_code: str
    registered_area: str
    applicant_id: str
    version: int


class ConditionOut(Wire):
    """What is special about a member, from a month to a month."""

    kind: ConditionKind
    from_month: Month
    to_month: Month | None


class MemberOut(Wire):
    """A member. `isCounted`: she belongs to the family now, and no death of hers is confirmed."""

    id: str
    person_id: str
    name: PersonName
    birth: BirthDate
    relation: Relation
    labour: Labour
    valid_from: date
    valid_to: date | None
    leave_reason: str
    is_counted: bool
    share_ends: Annotated[Month | None, Field(description="死亡确认后不再计入的首月")]
    conditions: list[ConditionOut]


class IncomeOut(Wire):
    """What the family has from a month on."""

    from_month: Month
    monthly_income: MoneyFen
    source: Literal["INTAKE", "DECLARED", "RECHECK", "SURVEY"]
    decision_id: str
    remark: str

    @classmethod
    def of(cls, income: Income) -> IncomeOut:
        return cls.of_row(income, monthly_income=income.monthly_fen)


class HouseholdOut(HouseholdItem):
    """A household with its members and its income now."""

    members: list[MemberOut]
    income: IncomeOut | None


class ConditionIn(Wire):
    """What is special about a member. Without `toMonth` it goes on."""

    kind: ConditionKind
    from_month: Month
    to_month: Month | None = None

    def to_rule(self) -> Condition:
        """As the rules take it."""
        return Condition(self.kind, self.from_month, self.to_month)


class MemberIn(Wire):
    """A member to enter."""

    person_id: PersonId
    name: PersonNameIn
    birth: BirthDateIn
    relation: Relation
    labour: Labour = "FULL"
    valid_from: date
    conditions: Annotated[list[ConditionIn], Field(max_length=10)] = []

    def to_member(self) -> NewMember:
        """As the service takes it."""
        return NewMember(
            self.person_id,
            self.relation,
            self.birth,
            self.valid_from,
            name=self.name,
            labour=self.labour,
            conditions=[condition.to_rule() for condition in self.conditions],
        )


class HouseholdIn(Wire):
    """A household to enter; the first member is the applicant."""

    area_code: AreaCode
    registered_area: AreaCode
    members: Annotated[list[MemberIn], Field(min_length=1, max_length=20)]
    monthly_income: IncomeIn
    income_from: Month


async def members_out(unit: UnitOfWork, household_id: str) -> list[MemberOut]:
    """The members of one household, in the order of joining."""
    held: dict[str, list[MemberCondition]] = {}
    for condition in await reading.conditions_of(unit, household_id):
        held.setdefault(condition.member_id, []).append(condition)
    ends = await reading.shares_end(unit, household_id)
    members = await reading.members_of(unit, household_id)
    return [_member_out(unit, member, ends.get(member.id), held.get(member.id, [])) for member in members]


def _member_out(unit: UnitOfWork, member: Member, ends: date | None, held: list[MemberCondition]) -> MemberOut:
    left = member.valid_to is not None and member.valid_to < unit.today
    return MemberOut.of_row(
        member,
        name=reading.name_of(unit, member),
        is_counted=ends is None and not left,
        share_ends=ends,
        conditions=[ConditionOut.model_validate(condition) for condition in held],
    )


async def household_out(unit: UnitOfWork, household: Household) -> HouseholdOut:
    """With members and income, for a caller who sees all of the family's rows."""
    income = await reading.current_income(unit, household.id)
    return HouseholdOut.of_row(
        household,
        members=await members_out(unit, household.id),
        income=IncomeOut.of(income) if income else None,
    )
