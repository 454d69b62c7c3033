"""Verifications: whom they are about, which sources they ask, and what these said."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.relief.base import Base
from services.relief.verification.rules import ITEMS, SOURCE_STATES, STATES
from shared.db.tables import AreaCodeText, Rows

_VIA = ("member", "household_id", "household_id", "viewer_id")
_FAMILY = Rows(area="area_code", person_via=_VIA)


def _one_of(column: str, values: Any) -> str:
    return f"{column} in (" + ", ".join(f"'{value}'" for value in values) + ")"


class Verification(Base, table=True):
    """State machine 5. The row is the lock of all below it."""

    __tablename__ = "verification"
    __scopes__: ClassVar[Rows] = _FAMILY
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("round in (1, 2)", name="round"),
        Index(
            "uq_verification_open",
            "household_id",
            unique=True,
            postgresql_where="state in ('CREATED', 'AUTHORISED', 'QUERYING', 'PARTIAL', 'OBJECTED')",
        ),
        Index("ix_verification_area", "area_code", "id"),
        Index("ix_verification_household", "household_id", "id"),
        Index("ix_verification_application", "application_id", postgresql_where="application_id <> ''"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="the household's")
    applicant_id: str = Field(sa_type=Text)
    application_id: str = Field(default="", sa_type=Text, description="that waits for the report, if any")
    reason: str = Field(sa_type=Text, description="what it is made for")
    state: str = Field(default="CREATED", sa_type=Text)
    round: int = Field(default=1, sa_type=SmallInteger, description="2: the re-check after an objection")
    opened_by: str = Field(sa_type=Text)
    opened_at: datetime
    asked_at: datetime | None = Field(default=None, description="of this round")
    due_on: date | None = Field(default=None, description="last day of the limit that runs")
    overdue_at: datetime | None = None
    reported_at: datetime | None = None
    within: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False),
        description="kinds whose limits of property are kept; said of a whole report only",
    )
    over: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False), description="limits of 低保 exceeded"
    )
    income_fen: int | None = Field(default=None, sa_type=BigInteger, description="countable, of a month")
    decisions: dict[str, str] = Field(default_factory=dict, sa_type=JSONB, description="kept decision by rule's kind")
    objection: str = Field(default="", sa_type=Text)
    objected_by: str = Field(default="", sa_type=Text)
    objected_at: datetime | None = None
    version: int = 1


class VerificationStep(Base, table=True):
    """One transition. Never changed."""

    __tablename__ = "verification_step"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person_via=_VIA, appended=True)
    __table_args__: ClassVar[Any] = (Index("ix_verification_step_verification", "verification_id", "seq"),)

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    verification_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    action: str = Field(sa_type=Text)
    from_state: str = Field(sa_type=Text)
    to_state: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    post: str = Field(sa_type=Text)
    at: datetime
    reason: str = Field(default="", sa_type=Text)


class VerificationSubject(Base, table=True):
    """Somebody a verification is about, and her signed authorisation. The ID number is what the sources know her by."""

    __tablename__ = "verification_subject"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("role in ('MEMBER', 'SUPPORTER')", name="role"),
        CheckConstraint("(signed_on is null) = (number is null)", name="signed"),
        Index("uq_verification_subject", "verification_id", "person_id", unique=True),
        Index("ix_verification_subject_person", "person_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    verification_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    person_id: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    is_adult: bool
    family_size: int = Field(default=1, sa_type=SmallInteger, description="of a supporter's own family")
    name: bytes = Field(sa_type=LargeBinary, description="sealed")
    number: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed; as on the authorisation")
    signed_on: date | None = None
    signed_by: str = Field(default="", sa_type=Text, description="herself, or an adult of the family for a minor")
    recorded_by: str = Field(default="", sa_type=Text)
    recorded_at: datetime | None = None


class VerificationSource(Base, table=True):
    """One source in one round: how it stands, and why it has not answered."""

    __tablename__ = "verification_source"
    __scopes__: ClassVar[Rows] = _FAMILY
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("state", SOURCE_STATES), name="state"),
        Index("uq_verification_source", "verification_id", "round", "source", unique=True),
        Index("ix_verification_source_call", "call_id", postgresql_where="call_id <> ''"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    verification_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    round: int = Field(sa_type=SmallInteger)
    source: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    department: str = Field(sa_type=Text)
    operation: str = Field(sa_type=Text)
    state: str = Field(default="WAITING", sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    call_id: str = Field(default="", sa_type=Text)
    asked_at: datetime
    due_at: datetime = Field(description="end of its time-out")
    asked_times: int = Field(default=1, sa_type=SmallInteger, description="calls placed or sent again; a timer's key")
    answered_at: datetime | None = None


class VerificationLine(Base, table=True):
    """One line of the report: item, holder, value, source, date, over the limit or not."""

    __tablename__ = "verification_line"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="holder_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("item", ITEMS), name="item"),
        Index("ix_verification_line_verification", "verification_id", "id"),
        Index("ix_verification_line_holder", "holder_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    verification_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    round: int = Field(sa_type=SmallInteger)
    is_current: bool = Field(default=True, description="false once the source was asked again")
    source: str = Field(sa_type=Text)
    item: str = Field(sa_type=Text)
    holder_id: str = Field(sa_type=Text)
    value: bytes = Field(sa_type=LargeBinary, description="sealed; text in the item's unit")
    as_of: date
    over_for: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False), description="kinds whose limit it exceeds"
    )
    document: str = Field(default="", sa_type=Text, description="the paper a line entered by hand rests on")
    received_at: datetime
