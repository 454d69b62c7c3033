"""Applications on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.relief.applications import surveying
from services.relief.applications.composition import Away, Relative, Single
from services.relief.applications.intake import KnownSingle, NewFamily, Person
from services.relief.applications.letters import Letter
from services.relief.applications.reviewing import Found
from services.relief.applications.service import Application, ApplicationResult
from services.relief.applications.surveying import NewSurvey, Survey
from services.relief.benefits.rules import TITLES
from services.relief.benefits.schemas import Kind, ReviewClass
from services.relief.households.schemas import ConditionIn, IncomeIn, Labour, Relation
from services.relief.households.service import NewMember
from shared.china import resident_id
from shared.china.areas import AreaCode
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.money import MoneyFen
from shared.payments import Month, month_of
from shared.security.masking import IdNumberIn, PersonName, PersonNameIn, PhoneIn
from shared.security.person_key import PersonKey
from shared.web import Wire
from shared.web.wire import LongText, ShortText

State = Literal[
    "DRAFT", "SUBMITTED", "CORRECTION", "ACCEPTED", "INVESTIGATING", "OVER_LIMIT", "PRELIM_OPINION", "PUBLICITY",
    "OBJECTION_REVIEW", "DISTRICT_REVIEW", "DECISION", "RETURNED", "APPROVED", "REJECTED", "WITHDRAWN", "TERMINATED",
]  # fmt: skip
Level = Literal["", "TOWN", "DISTRICT"]


# ── applying ─────────────────────────────────────────────────────────────────────────────────────


class PersonIn(Wire):
    """Somebody the family names. The identity card is enough: person and birth follow from it."""

    id_number: IdNumberIn
    name: PersonNameIn
    relation: Relation
    labour: Labour = "FULL"
    conditions: Annotated[list[ConditionIn], Field(max_length=10)] = []
    is_independent: Annotated[bool, Field(description="能够独立生活（成年子女）")] = True
    is_student: Annotated[bool, Field(description="在校接受本科及以下全日制教育")] = False
    lives_together: Annotated[bool, Field(description="长期共同居住")] = True
    has_duty: Annotated[bool, Field(description="具有法定赡养、扶养、抚养义务关系")] = True
    away: Annotated[Away, Field(description="服刑、强制隔离戒毒、宣告失踪、义务兵、宗教教职")] = ""
    years_away: Annotated[int, Field(ge=0, le=130)] = 0

    def to_person(self, key: PersonKey, today: date) -> Person:
        """As the service takes it: counted from this month on."""
        birth = resident_id.parse(self.id_number).birth
        member = NewMember(
            key.id_for(self.id_number),
            self.relation,
            birth,
            month_of(today),
            name=self.name,
            labour=self.labour,
            conditions=[condition.to_rule() for condition in self.conditions],
        )
        facts = {name: getattr(self, name) for name in Relative.model_fields if name != "age"}
        return Person(member, Relative(age=resident_id.age_on(birth, today), **facts))


class SingleIn(Wire):
    """The first person asks to be supported alone."""

    is_in_marginal_family: bool = False
    is_employed: bool = False
    years_as_clergy: Annotated[int, Field(ge=0, le=130)] = 0


class FamilyIn(Wire):
    """A family at the door; the first person applies for all. Who counts is worked out and explained."""

    area_code: AreaCode
    registered_area: AreaCode
    people: Annotated[list[PersonIn], Field(min_length=1, max_length=20)]
    monthly_income: IncomeIn
    has_residence_permit: Annotated[bool, Field(description="户籍不在本区的，持有居住证")] = False
    single: SingleIn | None = None

    def to_family(self, key: PersonKey, today: date) -> NewFamily:
        """As the service takes it."""
        people = [person.to_person(key, today) for person in self.people]
        first = people[0]
        single = None
        if self.single is not None:
            held = [condition.kind for condition in first.member.conditions if condition.holds(month_of(today))]
            single = Single(age=first.relative.age, conditions=held, **self.single.model_dump())
        return NewFamily(
            self.area_code,
            self.registered_area,
            people,
            self.monthly_income,
            month_of(today),
            single=single,
            has_permit=self.has_residence_permit,
        )


class KnownSingleIn(Wire):
    """A member of a known family who asks to be supported alone; what she has is her own income."""

    member_id: UuidStr
    monthly_income: IncomeIn
    is_employed: bool = False
    years_as_clergy: Annotated[int, Field(ge=0, le=130)] = 0

    def to_single(self) -> KnownSingle:
        """As the service takes it."""
        return KnownSingle(self.member_id, self.monthly_income, self.is_employed, self.years_as_clergy)


class ApplicationIn(Wire):
    """A family that is known, or one that comes with its identity cards; of a known one a member may ask alone."""

    household_id: UuidStr | None = None
    single: KnownSingleIn | None = None
    family: FamilyIn | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ApplicationIn:
        if (self.household_id is None) == (self.family is None):
            raise ValueError("家庭标识和家庭成员须填写其中一项")
        if self.single is not None and self.household_id is None:
            raise ValueError("未登记家庭的单独申请在 family.single 中填写")
        return self


class SubmitIn(Wire):
    """The two signatures: the applicant's under application and promise, and every adult's under the authorisation
    of the check."""

    signed_on: date
    authorised_by: Annotated[list[PersonId], Field(max_length=20)]


# ── the office ───────────────────────────────────────────────────────────────────────────────────


class WordsIn(Wire):
    """A reason people can read."""

    reason: LongText


class TerminationIn(WordsIn):
    """The end for want of co-operation."""

    legal_basis: ShortText = "最低生活保障审核确认办法第二十九条"


class SurveyIn(Wire):
    """A visit to the house by two or more, or an appraisal in the village."""

    method: Literal["HOUSE", "APPRAISAL"] = "HOUSE"
    surveyed_on: date
    surveyors: Annotated[list[PersonNameIn], Field(min_length=1, max_length=20)]
    is_signed: Annotated[bool, Field(description="家庭已在调查表上签字")]
    finding: LongText
    monthly_income: Annotated[IncomeIn | None, Field(description="核实的家庭月收入，与申报不同时填写")] = None

    def to_survey(self) -> NewSurvey:
        """As the service takes it."""
        return NewSurvey(
            self.method, self.surveyed_on, self.surveyors, self.is_signed, self.finding, self.monthly_income
        )


class OpinionIn(Wire):
    """What survey and check have shown, and the reviewer's words. The rules propose; she may refuse, not grant more."""

    within_property: bool
    within_marginal_property: bool
    has_able_supporter: bool
    rigid_spending: Annotated[IncomeIn | None, Field(description="近十二个月刚性支出，报销后；不填则以已知的为准")] = (
        None
    )
    is_hard: Annotated[bool, Field(description="疑难案件，办理期限四十五个工作日")] = False
    opinion: LongText
    is_refusal: bool = False
    answer: Annotated[str, Field(max_length=2000, description="重新调查后对异议的答复")] = ""

    def to_found(self) -> Found:
        """As the service takes it."""
        return Found(
            self.within_property,
            self.within_marginal_property,
            self.has_able_supporter,
            self.rigid_spending,
            self.is_hard,
        )


class PublishIn(Wire):
    """Where it hangs and what it says; the public page shows masked name, family size and amount alone."""

    place: ShortText
    text: LongText


class ObjectionIn(Wire):
    """What somebody says against it; she may stay unnamed."""

    text: LongText
    name: PersonNameIn | None = None
    phone: PhoneIn | None = None


class ApprovalIn(WordsIn):
    """The confirmation, and how often the family is reviewed."""

    review_class: ReviewClass = "B"


class RejectionIn(WordsIn):
    """The refusal. Without a basis of its own it rests on what the rules refuse."""

    legal_basis: Annotated[str, Field(max_length=100)] = ""


class ServedIn(Wire):
    """The letter has reached the family."""

    served_on: date
    how: ShortText


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


class ApplicationItem(Wire):
    """A row of the list."""

    id: UuidStr
    household_id: str
    applicant_id: str
    area_code: str
    state: State
    opinion: Literal["", "GRANT", "REFUSE"]
    kind: Annotated[Literal["", "TEKUN", "DIBAO", "MARGINAL", "RIGID"], Field(description="拟确认或已确认的类别")]
    amount: MoneyFen | None
    received_at: datetime | None
    is_filed: bool
    is_complained: bool
    is_drawn: Annotated[bool, Field(description="特困认定，被随机抽中入户核查")]
    decided_level: Level
    decided_at: Annotated[datetime | None, Field(description="下放的案件，作出决定即报区民政局备案")]
    version: int

    @classmethod
    def of(cls, row: Application) -> ApplicationItem:
        return cls.of_row(row, amount=row.amount_fen)


class ResultOut(Wire):
    """What one kind's rule said; `decisionId` can be asked why."""

    stage: Literal["OPINION", "DECISION"]
    round: int
    kind: Kind
    title: str
    is_granted: bool
    amount: MoneyFen | None
    decision_id: str

    @classmethod
    def of(cls, row: ApplicationResult) -> ResultOut:
        return cls.of_row(row, title=TITLES[row.kind], is_granted=row.outcome == "granted", amount=row.amount_fen)


class ApplicationOut(ApplicationItem):
    """An application as it stands, with what the rules have said so far."""

    entered_at: datetime
    composition_id: Annotated[str, Field(description="哪些人计入家庭的决定，可查询理由")]
    alone_id: str
    single_member_id: str
    signed_on: date | None
    authorised_by: list[str]
    correction: Annotated[str, Field(description="一次性告知的补正内容")]
    accepted_by: str
    verified_at: datetime | None
    over_limit: list[str]
    opinion_text: str
    opinion_by: str
    decided_by: str
    decision_id: str
    from_month: Month | None
    case_id: str | None
    reason: str
    legal_basis: str
    served_on: date | None
    results: list[ResultOut]

    @classmethod
    def of_whole(cls, row: Application, results: Sequence[ApplicationResult]) -> ApplicationOut:
        return cls.of_row(row, amount=row.amount_fen, results=[ResultOut.of(one) for one in results])


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
    evidence: str


class SurveyOut(Wire):
    """A visit or an appraisal."""

    id: UuidStr
    level: Level
    method: Literal["HOUSE", "APPRAISAL"]
    surveyed_on: date
    surveyors: list[PersonName]
    is_signed: bool
    finding: str
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, unit: UnitOfWork, row: Survey) -> SurveyOut:
        return cls.of_row(row, surveyors=surveying.surveyors_of(unit, row))


class LimitOut(Wire):
    """A time limit."""

    id: UuidStr
    application_id: str
    step: str
    owner: Level
    started_at: datetime
    due_on: date
    paused_at: datetime | None
    warned_at: datetime | None
    overdue_at: datetime | None
    escalated_to: str
    met_at: datetime | None


class LetterOut(Wire):
    """The written decision."""

    application_id: UuidStr
    title: str
    body: str
    reason: str
    legal_basis: str
    remedy: str
    served_on: date | None

    @classmethod
    def of(cls, application: Application, letter: Letter) -> LetterOut:
        return cls.of_row(letter, application_id=application.id, served_on=application.served_on)
