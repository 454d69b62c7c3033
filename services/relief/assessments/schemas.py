"""Assessments on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from services.relief.benefits.recognition import Applicant, Family
from services.relief.benefits.schemas import Kind
from services.relief.households.schemas import ConditionKind, IncomeIn, Labour
from shared.china.areas import AreaCode
from shared.money import MoneyFen
from shared.security.masking import BirthDateIn
from shared.web import Wire
from shared.web.policy import ReasonOut


class PersonIn(Wire):
    """One person of the family; nobody is named."""

    birth: BirthDateIn
    labour: Labour = "FULL"
    has_able_supporter: bool = True
    conditions: Annotated[list[ConditionKind], Field(max_length=5)] = []

    def to_applicant(self, on: date) -> Applicant:
        """As the rules take it."""
        birth = self.birth
        age = on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
        return Applicant(
            age=age,
            conditions=list(self.conditions),
            labour=self.labour,
            has_able_supporter=self.has_able_supporter,
        )


class AssessmentIn(Wire):
    """A family's facts."""

    area_code: AreaCode
    on: Annotated[date | None, Field(description="按哪一天的规定，缺省为今天")] = None
    monthly_income: IncomeIn
    members: Annotated[list[PersonIn], Field(min_length=1, max_length=20)]
    within_property: bool = True
    within_marginal_property: bool = True
    rigid_spending: Annotated[IncomeIn, Field(description="近十二个月刚性支出，报销后")] = 0

    def to_family(self, on: date) -> Family:
        """As the rules take it."""
        return Family(
            income_fen=self.monthly_income,
            members=[member.to_applicant(on) for member in self.members],
            within_property=self.within_property,
            within_marginal_property=self.within_marginal_property,
            rigid_spending_fen=self.rigid_spending,
        )


class ResultOut(Wire):
    """One kind's result with its reasons."""

    kind: Kind
    title: str
    is_granted: bool
    amount: MoneyFen | None
    reasons: list[ReasonOut]


class AssessmentOut(Wire):
    """All kinds in the order they are asked; the first granted is the family's. A proposal, nothing is kept."""

    recognised_as: Kind | None
    temporary_hint: Annotated[str, Field(description="都不符合时的提示：临时救助")]
    on: date
    results: list[ResultOut]
