"""Verifications on the wire. What a family has is L3, what its health costs L4: masked, unless asked with a reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from services.relief.means.schemas import LimitKind
from services.relief.verification import asking, service
from services.relief.verification.asking import NewLine
from services.relief.verification.rules import ITEMS
from services.relief.verification.service import (
    NewSupporter,
    NewVerification,
    Paper,
    Signature,
    Verification,
    VerificationLine,
    VerificationSubject,
)
from shared.db.principals import Role
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen
from shared.security.masking import Grade, IdNumberIn, PersonName, PersonNameIn, revealed
from shared.security.person_key import PersonKey
from shared.web import Wire
from shared.web.wire import LongText, ShortText

State = Literal["CREATED", "AUTHORISED", "QUERYING", "PARTIAL", "REPORTED", "OBJECTED", "RECHECKED", "WITHDRAWN"]
SourceState = Literal["WAITING", "ANSWERED", "UNAVAILABLE", "REFUSED", "BY_HAND", "CLOSED"]
Source = Literal[
    "REGISTRATION", "TAX", "SOCIAL_INSURANCE", "REAL_ESTATE", "MARKET", "PROVIDENT_FUND", "VEHICLES", "SHIPS", "BANKS",
    "INSURANCE", "SECURITIES", "INTERNET_FINANCE", "MARRIAGE", "FUNERAL", "DISABILITY", "MEDICAL_INSURANCE",
]  # fmt: skip
Item = Literal[
    "REGISTRATION", "WAGE", "BUSINESS", "PROPERTY", "PENSION", "PENSION_BASE", "HOME", "COMPANY", "FUND_BALANCE",
    "VEHICLE", "WORK_VEHICLE", "DISABILITY_VEHICLE", "SHIP", "LIVING_BOAT", "DEPOSIT", "POLICY", "SECURITIES",
    "BALANCE", "MARRIAGE", "FUNERAL", "DISABILITY", "SELF_PAID",
]  # fmt: skip
Limit = Literal["FINANCIAL", "HOME", "VEHICLE", "WORK_VEHICLE", "SHIP", "COMPANY"]


class SignatureIn(Wire):
    """A signed authorisation, by the number on the identity card."""

    id_number: IdNumberIn
    signed_on: date
    signed_by: Annotated[PersonId | None, Field(description="未成年人由成年家庭成员代签时填写")] = None

    def to_signature(self, key: PersonKey) -> Signature:
        """As the service takes it."""
        return Signature(key.id_for(self.id_number), self.id_number, self.signed_on, self.signed_by or "")


class SupporterIn(Wire):
    """A legal supporter outside the household."""

    id_number: IdNumberIn
    name: PersonNameIn
    family_size: Annotated[int, Field(ge=1, le=20)] = 1


class VerificationIn(Wire):
    """What is to be checked. With all authorisations at hand the sources are asked at once."""

    household_id: UuidStr
    application_id: UuidStr | None = None
    reason: ShortText = "社会救助申请"
    supporters: Annotated[list[SupporterIn], Field(max_length=10, description="法定赡养、扶养、抚养义务人")] = []
    authorisations: Annotated[list[SignatureIn], Field(max_length=30)] = []

    def to_new(self, key: PersonKey) -> NewVerification:
        """As the service takes it."""
        return NewVerification(
            self.household_id,
            self.reason,
            application_id=self.application_id or "",
            supporters=[NewSupporter(key.id_for(one.id_number), one.name, one.family_size) for one in self.supporters],
            signatures=[one.to_signature(key) for one in self.authorisations],
        )


class AuthorisationIn(Wire):
    """Signed authorisations."""

    authorisations: Annotated[list[SignatureIn], Field(min_length=1, max_length=30)]


class LineIn(Wire):
    """A line of a paper: money in yuan, a home in square metres, else words."""

    item: Item
    holder_id: PersonId
    value: ShortText
    as_of: date

    def to_line(self) -> NewLine:
        """As the service takes it."""
        return NewLine(self.item, self.holder_id, self.value, self.as_of)


class SourceIn(Wire):
    """A source that has not answered."""

    source: Source


class PaperIn(SourceIn):
    """What a source says on paper."""

    document: Annotated[ShortText, Field(description="证明文书的名称和编号")]
    lines: Annotated[list[LineIn], Field(max_length=100)]

    def to_paper(self) -> Paper:
        """As the service takes it."""
        return Paper(self.source, self.document, [one.to_line() for one in self.lines])


class ClosingIn(SourceIn):
    """Why nobody waits for a source any more."""

    reason: LongText


class RecheckIn(Wire):
    """Which sources are asked once more, and which are corrected by papers."""

    ask: Annotated[list[Source], Field(max_length=20)] = []
    corrections: Annotated[list[PaperIn], Field(max_length=20)] = []

    def papers(self) -> list[Paper]:
        """As the service takes them."""
        return [one.to_paper() for one in self.corrections]


class WordsIn(Wire):
    """A reason people can read."""

    reason: LongText


class VerificationItem(Wire):
    """A row of the list."""

    id: UuidStr
    household_id: str
    applicant_id: str
    application_id: str
    area_code: str
    state: State
    opened_at: datetime
    due_on: date | None
    overdue_at: datetime | None
    reported_at: datetime | None
    version: int


class SourceOut(Wire):
    """How a source stands. Unavailable is not zero."""

    source: str
    title: str
    state: SourceState
    reason: str
    round: int
    asked_at: datetime
    asked_times: int
    answered_at: datetime | None


class SubjectOut(Wire):
    """Whom it is about, and whether she has signed."""

    person_id: str
    name: PersonName
    role: Literal["MEMBER", "SUPPORTER"]
    is_adult: bool
    signed_on: date | None
    signed_by: str

    @classmethod
    def of(cls, unit: UnitOfWork, row: VerificationSubject) -> SubjectOut:
        return cls.of_row(row, name=service.name_of(unit, row))


class VerificationOut(VerificationItem):
    """A verification as it stands. `within` is said of a whole report only; `over` also of one in part."""

    reason: str
    round: int
    is_whole: Annotated[bool, Field(description="全部来源均有结果；否则为部分结果，不可用的来源不作零处理")]
    within: Annotated[list[LimitKind], Field(description="财产符合哪些类别的规定")]
    over: Annotated[list[Limit], Field(description="超过低保规定的项目")]
    income: Annotated[MoneyFen | None, Field(description="按核对结果核算的家庭月收入")]
    declared_income: Annotated[MoneyFen | None, Field(description="出具报告时登记的家庭月收入")]
    difference: Annotated[MoneyFen | None, Field(description="核算收入减去登记收入；不一致的应核实")]
    decisions: Annotated[dict[str, str], Field(description="各项规则的决定，可查询理由；其中有数值，村级不显示")]
    objection: str
    sources: list[SourceOut]
    subjects: list[SubjectOut]


async def verification_out(unit: UnitOfWork, row: Verification) -> VerificationOut:
    """With its sources, and the people of the caller's rows."""
    sources = await service.sources_of(unit, row)
    subjects = await asking.subjects_of(unit, row.id)
    declared = await service.declared(unit, row)
    difference = None if declared is None or row.income_fen is None else row.income_fen - declared
    is_whole = row.reported_at is not None and all(one.state in ("ANSWERED", "BY_HAND") for one in sources)
    return VerificationOut.of_row(
        row,
        income=row.income_fen,
        declared_income=declared,
        difference=difference,
        decisions={} if unit.principal.role is Role.VILLAGE_CLERK else row.decisions,
        is_whole=is_whole,
        sources=[SourceOut.model_validate(one) for one in sources],
        subjects=[SubjectOut.of(unit, one) for one in subjects],
    )


class LineOut(Wire):
    """One line of the report."""

    id: UuidStr
    item: Item
    title: str
    holder_id: str
    value: Annotated[str, Field(description="金额（元）、面积（平方米）或文字；未说明理由时隐去", examples=["****"])]
    source: str
    as_of: date
    is_over_limit: bool
    over_for: Annotated[list[LimitKind], Field(description="超过哪些类别的规定")]
    document: str

    @classmethod
    def of(cls, unit: UnitOfWork, row: VerificationLine) -> LineOut:
        known = ITEMS[row.item]
        shown = asking.value_of(unit, row) if revealed() >= Grade(known.grade) else "****"
        return cls.of_row(row, title=known.title, value=shown, is_over_limit=bool(row.over_for))


class StepOut(Wire):
    """One step of its history."""

    seq: int
    action: str
    from_state: State
    to_state: State
    actor: str
    post: str
    at: datetime
    reason: str
