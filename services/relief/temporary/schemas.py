"""Temporary relief on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from services.relief.households.schemas import IncomeIn
from services.relief.law import in_force
from services.relief.temporary import service
from services.relief.temporary.service import NewCase, Proposal, Survey, TemporaryCase
from services.relief.temporary.tables import Reserve, ReserveEntry, ReserveRequest
from shared import clock
from shared.china.areas import AreaCode
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.money import MoneyFen
from shared.security.masking import BankCardIn, IdNumberIn, PersonName, PersonNameIn
from shared.security.person_key import PersonKey, random_person_id
from shared.web import Wire
from shared.web.wire import LongText, ShortText

State = Literal[
    "SUBMITTED", "ACCEPTED", "PAID_FIRST", "PAPERS_DUE", "OVERDUE", "SURVEYED", "PUBLICITY", "APPROVED", "PAID",
    "COMPLETED", "REJECTED",
]  # fmt: skip
Kind = Literal["URGENT", "EXPENDITURE"]
Residence = Literal["REGISTERED", "RESIDENT", "PASSING"]
Cause = Literal["FIRE", "DISASTER", "ACCIDENT", "ILLNESS", "DEATH", "SCHOOLING", "STRANDED", "OTHER"]
Level = Literal["I", "II", "III", "IV", "V"]
How = Literal["CASH", "BANK", "GOODS"]


class HelpedIn(Wire):
    """Somebody to be helped. Who is found without a number can be helped all the same."""

    name: PersonNameIn
    id_number: IdNumberIn | None = None

    def person_id(self, key: PersonKey) -> str:
        """Her key, or a new one where there is no number."""
        return key.id_for(self.id_number) if self.id_number else random_person_id()


class TemporaryIn(Wire):
    """A case as it comes in; the first person applies, or is found in distress."""

    area_code: Annotated[AreaCode, Field(description="急难发生地")]
    residence: Residence
    kind: Kind
    cause: Cause
    cause_text: LongText
    people: Annotated[list[HelpedIn], Field(min_length=1, max_length=20)]
    household_id: UuidStr | None = None

    def to_case(self, key: PersonKey) -> NewCase:
        """As the service takes it."""
        people = list(dict.fromkeys(one.person_id(key) for one in self.people))
        return NewCase(
            self.area_code,
            people,
            self.people[0].name,
            self.residence,
            self.kind,
            self.cause,
            self.cause_text,
            self.household_id or "",
        )


class ProposalIn(Wire):
    """How heavy the hardship is. Level V: the joint meeting's minutes and its amount for each person."""

    level: Level
    per_head: Annotated[IncomeIn, Field(description="每人金额，仅第 V 档")] = 0
    is_special: Annotated[bool, Field(description="特殊困难")] = False
    minutes_no: Annotated[str, Field(max_length=60, description="会议纪要编号，仅第 V 档")] = ""

    def to_proposal(self) -> Proposal:
        """As the service takes it."""
        return Proposal(self.level, self.per_head, self.is_special, self.minutes_no)


class DecisionIn(ProposalIn):
    """An urgent decision."""

    reason: LongText


class SurveyIn(ProposalIn):
    """A visit by two or more, and what they propose."""

    surveyors: Annotated[list[PersonNameIn], Field(min_length=1, max_length=20)]
    finding: LongText

    def to_survey(self) -> Survey:
        """As the service takes it."""
        return Survey(self.surveyors, self.finding, self.to_proposal())


class PublishIn(Wire):
    """Where it hangs."""

    place: ShortText


class WordsIn(Wire):
    """A reason people can read."""

    reason: LongText


class RejectionIn(WordsIn):
    """A refusal in writing."""

    legal_basis: ShortText


class PaymentIn(Wire):
    """How the money or the goods reached the family."""

    how: How


class OrderIn(Wire):
    """The account the bank pays to."""

    holder: PersonNameIn
    card: BankCardIn
    months: Annotated[int, Field(ge=1, le=12, description="分期发放的月数")] = 1


class PapersIn(WordsIn):
    """The papers that are there now."""

    papers: Annotated[list[ShortText], Field(min_length=1, max_length=20)]


class TemporaryItem(Wire):
    """A row of the list."""

    id: UuidStr
    area_code: str
    person_id: str
    name: PersonName
    residence: Residence
    kind: Kind
    cause: Cause
    heads: int
    state: State
    submitted_at: datetime
    decision_due_at: datetime | None
    money_due_at: datetime | None
    papers_due_on: date | None
    is_late: bool
    late: list[Literal["DECISION", "MONEY", "PAPERS"]]
    level: Literal["", "I", "II", "III", "IV", "V"]
    authority: Annotated[Literal["", "TOWN", "DISTRICT"], Field(description="由谁审批")]
    amount: MoneyFen | None
    version: int

    @classmethod
    def of(cls, unit: UnitOfWork, row: TemporaryCase) -> TemporaryItem:
        return cls.of_row(row, name=service.name_of(unit, row), amount=row.amount_fen)


class TemporaryOut(TemporaryItem):
    """A case as it stands; `remedy` of a refusal says what can be done against it."""

    household_id: str
    cause_text: str
    finding: str
    notice_to: date | None
    decided_at: datetime | None
    decision_id: str
    reason: str
    legal_basis: str
    remedy: str
    paid_at: datetime | None
    paid_how: Literal["", "CASH", "BANK", "GOODS", "BATCH"]
    papers: list[str]
    completed_at: datetime | None

    @classmethod
    def of(cls, unit: UnitOfWork, row: TemporaryCase) -> TemporaryOut:
        return cls.of_row(row, name=service.name_of(unit, row), amount=row.amount_fen, remedy=_remedy(row))


def _remedy(row: TemporaryCase) -> str:
    if row.state != "REJECTED" or row.decided_at is None:
        return ""
    values = in_force(clock.to_business_date(row.decided_at), row.area_code)
    days, months = values.whole("applications.review_days"), values.whole("applications.suit_months")
    return (
        f"如不服本决定，可以自收到本通知之日起{days}日内依法申请行政复议，"
        f"或者自收到本通知之日起{months}个月内依法向人民法院提起行政诉讼。"
    )


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


class ReserveIn(Wire):
    """The town that gets a reserve."""

    area_code: AreaCode


class ReserveOut(Wire):
    """A town's reserve."""

    area_code: str
    float_amount: MoneyFen
    balance: MoneyFen

    @classmethod
    def of(cls, row: Reserve) -> ReserveOut:
        return cls.of_row(row, float_amount=row.float_fen, balance=row.balance_fen)


class EntryOut(Wire):
    """One line of the ledger."""

    id: UuidStr
    area_code: str
    kind: Literal["FUND", "REPLENISH", "GRANT"]
    from_account: Literal["RESERVE", "DISTRICT"]
    to_account: Literal["RESERVE", "FAMILY"]
    amount: MoneyFen
    case_id: str
    made_by: str
    made_at: datetime

    @classmethod
    def of(cls, row: ReserveEntry) -> EntryOut:
        return cls.of_row(row, amount=row.amount_fen)


class RequestOut(Wire):
    """A reserve asks to be filled up."""

    id: UuidStr
    area_code: str
    balance: MoneyFen
    state: Literal["OPEN", "DONE"]
    asked_by: str
    asked_at: datetime
    filled: MoneyFen
    done_at: datetime | None

    @classmethod
    def of(cls, row: ReserveRequest) -> RequestOut:
        return cls.of_row(row, balance=row.balance_fen, filled=row.filled_fen)
