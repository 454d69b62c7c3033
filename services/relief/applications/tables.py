"""Applications, every step they took, what was found on the way, and the limits they run under."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.relief.applications.rules import ENDED, STATES
from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows

_FAMILY = Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id"))
_STEPS = Rows(area="area_code", person_via=("member", "household_id", "household_id", "viewer_id"), appended=True)


def _one_of(column: str, values: Any) -> str:
    return f"{column} in (" + ", ".join(f"'{value}'" for value in values) + ")"


class Application(Base, table=True):
    """State machine 1. The columns repeat what the last steps have said; the row is the lock of all below it."""

    __tablename__ = "application"
    __scopes__: ClassVar[Rows] = _FAMILY
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("kind in ('', 'TEKUN', 'DIBAO', 'MARGINAL', 'RIGID')", name="kind"),
        CheckConstraint("opinion in ('', 'GRANT', 'REFUSE')", name="opinion"),
        CheckConstraint("(opinion = 'GRANT') = (kind <> '')", name="proposal"),
        CheckConstraint("decided_level in ('', 'TOWN', 'DISTRICT')", name="decided_level"),
        CheckConstraint("(state = 'APPROVED') = (case_id is not null)", name="case"),
        Index("uq_application_open", "household_id", unique=True, postgresql_where=f"not ({_one_of('state', ENDED)})"),
        Index("ix_application_area", "area_code", "id"),
        Index("ix_application_household", "household_id", "id"),
        Index("ix_application_case", "case_id", unique=True),
        Index("ix_application_destitute", "area_code", "reviewed_at", postgresql_where="review_kind = 'TEKUN'"),
        Index("ix_application_filed", "decided_at", "id", postgresql_where="decided_level = 'TOWN'"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="the household's")
    applicant_id: str = Field(sa_type=Text)
    state: str = Field(default="DRAFT", sa_type=Text)
    entered_by: str = Field(sa_type=Text)
    entered_at: datetime
    composition_id: str = Field(default="", sa_type=Text, description="decision on who counts")
    alone_id: str = Field(default="", sa_type=Text, description="decision that she may apply alone")
    single_member_id: str = Field(default="", sa_type=Text, description="of the family, who asks to be supported alone")
    single_income_fen: int = Field(default=0, sa_type=BigInteger, description="her own, each month")
    signed_on: date | None = Field(default=None, description="applicant's signature under application and promise")
    authorised_by: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False),
        description="adult members who signed the authorisation of the check",
    )
    received_at: datetime | None = Field(default=None, description="the complete application: from here limits count")
    correction: str = Field(default="", sa_type=Text, description="what was missing, said once")
    accepted_by: str = Field(default="", sa_type=Text)
    verified_at: datetime | None = Field(default=None, description="the check of means was reported")
    verification_id: str = Field(default="", sa_type=Text)
    over_limit: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False), description="items of the check, in words"
    )
    within_property: bool | None = None
    within_marginal_property: bool | None = None
    has_able_supporter: bool | None = None
    rigid_spending_fen: int = Field(default=0, sa_type=BigInteger, description="of the last twelve months")
    is_hard: bool = Field(default=False, description="a hard case: 45 working days")
    opinion: str = Field(default="", sa_type=Text)
    opinion_text: str = Field(default="", sa_type=Text)
    opinion_by: str = Field(default="", sa_type=Text)
    opinion_at: datetime | None = None
    kind: str = Field(default="", sa_type=Text, description="proposed, then decided")
    amount_fen: int | None = Field(default=None, sa_type=BigInteger, description="each month, as proposed or decided")
    reviewed_at: datetime | None = Field(default=None, description="when it went on to who decides")
    review_kind: str = Field(default="", sa_type=Text, description="whose power the decision is, once it is reviewed")
    review_town: str = Field(default="", sa_type=AreaCodeText, description="whose it would be by delegation")
    is_filed: bool = Field(
        default=False, description="when it was reviewed, a relative on duty or a kept card was declared"
    )
    is_complained: bool = Field(default=False, description="somebody objected to the public notice")
    is_drawn: bool = Field(default=False, description="a 特困 case the district looks into at random")
    decided_level: str = Field(default="", sa_type=Text)
    decided_by: str = Field(default="", sa_type=Text)
    decided_at: datetime | None = None
    decision_id: str = Field(default="", sa_type=Text, description="the rule's decision it rests on")
    from_month: date | None = Field(default=None, description="first month of the benefit")
    case_id: str | None = Field(default=None, sa_type=Text)
    reason: str = Field(default="", sa_type=Text, description="why it ended as it did, in words the family reads")
    legal_basis: str = Field(default="", sa_type=Text)
    served_on: date | None = None
    served_how: str = Field(default="", sa_type=Text)
    version: int = 1


class ApplicationStep(Base, table=True):
    """One transition: from, to, who in which post, when, why, on what evidence. Never changed."""

    __tablename__ = "application_step"
    __scopes__: ClassVar[Rows] = _STEPS
    __table_args__: ClassVar[Any] = (Index("ix_application_step_application", "application_id", "seq"),)

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    application_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    action: str = Field(sa_type=Text)
    from_state: str = Field(sa_type=Text)
    to_state: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    post: str = Field(sa_type=Text, description="the role acted in")
    at: datetime
    reason: str = Field(default="", sa_type=Text)
    evidence: str = Field(default="", sa_type=Text, description="id of the row it rests on")


class ApplicationResult(Base, table=True):
    """What one kind's rule said when an opinion was formed or a decision made; each can be asked why."""

    __tablename__ = "application_result"
    __scopes__: ClassVar[Rows] = _STEPS
    __table_args__: ClassVar[Any] = (
        CheckConstraint("stage in ('OPINION', 'DECISION')", name="stage"),
        Index("ix_application_result_application", "application_id", "seq"),
    )

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    application_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    stage: str = Field(sa_type=Text)
    round: int = Field(sa_type=SmallInteger, description="of the opinion or the decision, from 1")
    kind: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(sa_type=Text)
    at: datetime


class Survey(Base, table=True):
    """A visit to the house by two or more, or a democratic appraisal (民主评议)."""

    __tablename__ = "survey"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", appended=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("level in ('TOWN', 'DISTRICT')", name="level"),
        CheckConstraint("method in ('HOUSE', 'APPRAISAL')", name="method"),
        Index("ix_survey_application", "application_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    application_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    level: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    surveyed_on: date
    surveyors: bytes = Field(sa_type=LargeBinary, description="names, sealed, one a line")
    is_signed: bool = Field(description="the family has signed the form")
    finding: str = Field(sa_type=Text)
    income_seq: int | None = Field(default=None, sa_type=BigInteger, description="the income record it led to")
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime


class ApplicationLimit(Base, table=True):
    """A time limit of an application: running until `met_at`, standing still while `paused_at`."""

    __tablename__ = "application_limit"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("owner in ('TOWN', 'DISTRICT')", name="owner"),
        Index("uq_application_limit_open", "application_id", "step", unique=True, postgresql_where="met_at is null"),
        Index("ix_application_limit_application", "application_id", "id"),
        Index("ix_application_limit_provisional", "id", postgresql_where="is_provisional and met_at is null"),
        Index("ix_application_limit_due", "area_code", "due_at", "id", postgresql_where="met_at is null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    application_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    step: str = Field(sa_type=Text)
    owner: str = Field(sa_type=Text)
    amount: int = Field(sa_type=SmallInteger)
    unit: str = Field(sa_type=Text)
    started_at: datetime
    stood: int = Field(default=0, sa_type=SmallInteger, description="working days it stood still")
    due_on: date
    due_at: datetime
    warn_at: datetime
    is_provisional: bool = Field(default=False, description="rests on a year whose holidays are not published yet")
    paused_at: datetime | None = None
    timers: int = Field(default=0, sa_type=SmallInteger, description="set so far: each has a key of its own")
    warned_at: datetime | None = None
    overdue_at: datetime | None = None
    escalated_to: str = Field(default="", sa_type=Text, description="the role that has been told")
    met_at: datetime | None = None
