"""Benefit cases on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from services.relief.benefits.rules import TITLES
from services.relief.benefits.service import BenefitCase
from services.relief.benefits.standing import Figures
from services.relief.households.schemas import MemberOut
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen
from shared.payments import Month
from shared.security.masking import BankCardIn, PersonNameIn
from shared.web import Wire
from shared.web.policy import ReasonOut
from shared.web.wire import LongText

Kind = Literal["TEKUN", "DIBAO", "MARGINAL", "RIGID"]
State = Literal["ACTIVE", "IN_SUPPORT", "UNDER_REVIEW", "CLOSED", "ENDED"]
ReviewClass = Literal["A", "B", "C"]


class CaseItem(Wire):
    """A row of the list. `state` follows from the family's members and confirmed deaths as they are now;
    `monthlyAmount` is what is due this month."""

    id: UuidStr
    household_id: str
    kind: Kind
    title: str
    state: State
    area_code: str
    payee_id: str
    review_class: ReviewClass
    from_month: Month
    valid_until: Annotated[Month | None, Field(description="有期限的认定的最后一个月")]
    closed_from: Month | None
    close_reason: str
    decision_id: str
    monthly_amount: MoneyFen
    version: int

    @classmethod
    def of(cls, case: BenefitCase, figures: Mapping[str, Figures]) -> CaseItem:
        return cls(**fields_of(case, figures[case.id]))


class CaseOut(CaseItem):
    """A case with its family. `funeralEntitlementOf`: persons whose support ended with their death (特困)."""

    entitlement_id: str | None
    members: list[MemberOut]
    funeral_entitlement_of: list[str]


class CaseIn(Wire):
    """A recognition. Property and supporters are what the clerk has found out."""

    household_id: UuidStr
    kind: Kind
    from_month: Month
    review_class: ReviewClass = "B"
    within_property: bool
    has_able_supporter: bool = True


class CloseIn(Wire):
    """The end of a case for another reason than death."""

    from_month: Month
    reason: LongText


class AccountIn(Wire):
    """Where a case is paid to; the person is a living member of the family."""

    person_id: PersonId
    holder: PersonNameIn
    card: BankCardIn


class WhyMonthOut(Wire):
    """Why so much is due in a month, from the facts as they stand now."""

    case_id: UuidStr
    month: Month
    outcome: Annotated[str, Field(description="granted、refused；没有待遇的月份为 none")]
    amount: MoneyFen
    reasons: list[ReasonOut]


_AS_KEPT = (
    *("id", "household_id", "kind", "area_code", "review_class", "from_month", "valid_until", "closed_from"),
    *("close_reason", "decision_id", "version"),
)


def fields_of(case: BenefitCase, figures: Figures) -> dict[str, Any]:
    """The common fields."""
    return {
        "title": TITLES[case.kind],
        "state": figures.state,
        "payee_id": case.applicant_id,
        "monthly_amount": figures.amount_fen,
        **{name: getattr(case, name) for name in _AS_KEPT},
    }
