"""Bills and burdens on the wire: amounts, hospitals and illnesses are L4, shown to who asks with a reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from services.relief.medical import service
from services.relief.medical.service import NewBill
from services.relief.medical.share import YearShare
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen, MoneyFenIn, to_decimal
from shared.security.masking import Grade, HealthText, revealed
from shared.web import Wire
from shared.web.policy import ReasonOut
from shared.web.wire import LongText, ShortText

PersonClass = Literal["GENERAL", "RIGID", "MARGINAL", "DIBAO", "TEKUN"]
BurdenState = Literal["RAISED", "ASSIGNED", "VISITED", "WITHDRAWN"]
Outcome = Literal["APPLICATION", "ALREADY_COVERED", "NO_DIFFICULTY", "REFERRED", "REFUSED_HELP"]


def _money(fen: int) -> str:
    return to_decimal(fen) if revealed() >= Grade.L4 else "****"


HealthMoney = Annotated[int, PlainSerializer(_money, return_type=str), Field(examples=["****"])]
"""What somebody's illness cost, in fen: a decimal string of yuan, or hidden."""


class BillIn(Wire):
    """A settlement of medical insurance."""

    person_id: PersonId
    bill_no: ShortText
    settled_on: date
    total: Annotated[MoneyFenIn, Field(gt=0)]
    out_of_scope: Annotated[MoneyFenIn, Field(ge=0)]
    hospital: Annotated[str, Field(max_length=100)] = ""
    illness: Annotated[str, Field(max_length=200)] = ""

    def to_bill(self) -> NewBill:
        """As the service takes it."""
        return NewBill(
            self.person_id, self.bill_no, self.settled_on, self.total, self.out_of_scope, self.hospital, self.illness
        )


class BillOut(Wire):
    """A bill, and what each layer paid of it; `own` is what the patient paid."""

    id: UuidStr
    person_id: str
    household_id: str
    bill_no: str
    settled_on: date
    person_class: PersonClass
    total: HealthMoney
    out_of_scope: HealthMoney
    basic: HealthMoney
    serious: HealthMoney
    assistance: HealthMoney
    supplementary: HealthMoney
    own: HealthMoney
    hospital: HealthText
    illness: HealthText
    cancelled_at: datetime | None

    @classmethod
    def of(cls, unit: UnitOfWork, bill: Any) -> BillOut:
        names = ("total", "out_of_scope", "basic", "serious", "assistance", "supplementary", "own")
        amounts = {name: getattr(bill, f"{name}_fen") for name in names}
        texts = {name: service.text_of(unit, bill, name) for name in ("hospital", "illness")}
        return cls.of_row(bill, **amounts, **texts)


class DeliveryIn(Wire):
    """Settlements as medical insurance delivers them."""

    bills: Annotated[list[BillIn], Field(min_length=1, max_length=100)]


class ReceivedOut(Wire):
    """What became of one of them."""

    bill_no: str
    outcome: Literal["ENTERED", "KNOWN", "REFUSED"]
    code: str


class DeliveryOut(Wire):
    """What became of each."""

    entered: int
    items: list[ReceivedOut]


class BillRevealed(BillOut):
    """With every step of the reckoning."""

    reasons: list[ReasonOut]

    @classmethod
    def whole(cls, unit: UnitOfWork, bill: Any, reasons: list[ReasonOut]) -> BillRevealed:
        return cls(**BillOut.of(unit, bill).__dict__, reasons=reasons)


class BurdenOut(Wire):
    """A burden that reached a step, and what was done about it."""

    id: UuidStr
    person_id: str
    household_id: str
    step: int
    window_from: date
    raised_on: date
    amount: HealthMoney
    state: BurdenState
    assign_due_at: datetime
    visit_due_at: datetime
    assigned_to: str
    assigned_at: datetime | None
    overdue_at: datetime | None
    visited_at: datetime | None
    outcome: Outcome | Literal[""]
    application_id: str
    version: int

    @classmethod
    def of(cls, burden: Any) -> BurdenOut:
        return cls.of_row(burden, amount=burden.amount_fen)


class ApplicationFacts(Wire):
    """What an application begins with. `proposedKind`: what the rules would say, property not yet checked."""

    household_id: str
    applicant_id: str
    patient_id: str
    members: int
    monthly_income: MoneyFen | None
    burden: HealthMoney
    family_spending: Annotated[HealthMoney, Field(description="家庭近十二个月医疗费用个人负担合计")]
    spending_from: date
    spending_to: date
    proposed_kind: Literal["TEKUN", "DIBAO", "MARGINAL", "RIGID", ""]


class BurdenRevealed(BurdenOut):
    """The whole of it."""

    remark: HealthText
    application: ApplicationFacts | None

    @classmethod
    def whole(cls, unit: UnitOfWork, burden: Any) -> BurdenRevealed:
        facts = dict(burden.application) if burden.application else None
        if facts is not None:
            for name in ("monthlyIncome", "burden", "familySpending"):
                facts[name] = facts.pop(f"{name}Fen")
        return cls.of_row(
            burden,
            amount=burden.amount_fen,
            remark=service.text_of(unit, burden, "remark"),
            application=ApplicationFacts.model_validate(facts) if facts is not None else None,
        )


class AssignIn(Wire):
    """Who is to go there."""

    to: ShortText


class BurdenVisitIn(Wire):
    """What the visit came to."""

    outcome: Outcome
    remark: LongText


class ShareOut(Wire):
    """X-03: of the compliant cost recipients would have paid themselves, the share that medical assistance took over.
    Fewer than five persons are not counted for roles below the district."""

    year: int
    persons: str
    self_paid_compliant: MoneyFen | None
    assistance: MoneyFen | None
    supplementary: MoneyFen | None
    share: Annotated[str | None, Field(description="百分比，两位小数")]
    with_supplementary: str | None
    year_before: str | None
    target: str
    is_met: bool | None
    is_rising: bool | None

    @classmethod
    def of(cls, year: int, found: YearShare, before: YearShare, target: float, *, is_hidden: bool) -> ShareOut:
        if is_hidden:
            return cls(
                year=year,
                persons="<5",
                self_paid_compliant=None,
                assistance=None,
                supplementary=None,
                share=None,
                with_supplementary=None,
                year_before=None,
                target=f"{target:.2%}",
                is_met=None,
                is_rising=None,
            )
        both = (found.assistance_fen + found.supplementary_fen) / found.self_paid_fen if found.self_paid_fen else None
        return cls(
            year=year,
            persons=str(found.persons),
            self_paid_compliant=found.self_paid_fen,
            assistance=found.assistance_fen,
            supplementary=found.supplementary_fen,
            share=_percent(found.share),
            with_supplementary=_percent(both),
            year_before=_percent(before.share),
            target=f"{target:.2%}",
            is_met=None if found.share is None else found.share >= target,
            is_rising=None if found.share is None or before.share is None else found.share > before.share,
        )


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.2%}"
