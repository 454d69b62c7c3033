"""Temporary relief cases, their steps and people; the towns' reserves and the ledger of all that was paid."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.relief.base import Base
from services.relief.temporary.rules import ACCOUNTS, STATES
from shared.db.tables import AreaCodeText, Rows

_OWN = Rows(area="area_code", person="person_id")


def _one_of(column: str, values: Any) -> str:
    return f"{column} in (" + ", ".join(f"'{value}'" for value in values) + ")"


class TemporaryCase(Base, table=True):
    """State machine 4. `area_code` is where the emergency is, whoever the person and wherever she is registered."""

    __tablename__ = "temporary_case"
    __scopes__: ClassVar[Rows] = _OWN
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("kind in ('URGENT', 'EXPENDITURE')", name="kind"),
        CheckConstraint("residence in ('REGISTERED', 'RESIDENT', 'PASSING')", name="residence"),
        CheckConstraint("level in ('', 'I', 'II', 'III', 'IV', 'V')", name="level"),
        CheckConstraint("authority in ('', 'TOWN', 'DISTRICT')", name="authority"),
        CheckConstraint("heads > 0", name="heads"),
        CheckConstraint("(paid_at is null) or (decided_at is not null and amount_fen > 0)", name="paid"),
        Index("ix_temporary_case_area", "area_code", "id"),
        Index("ix_temporary_case_person", "person_id", "id"),
        Index("uq_temporary_case_entitlement", "entitlement_id", unique=True),
        Index("ix_temporary_case_late", "area_code", "id", postgresql_where="is_late"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    person_id: str = Field(sa_type=Text, description="who applies, or is found in distress")
    household_id: str = Field(default="", sa_type=Text, description="where the family is known")
    name: bytes = Field(sa_type=LargeBinary, description="sealed")
    residence: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    cause: str = Field(sa_type=Text)
    cause_text: str = Field(sa_type=Text)
    heads: int = Field(sa_type=SmallInteger)
    state: str = Field(default="SUBMITTED", sa_type=Text)
    entered_by: str = Field(sa_type=Text)
    submitted_at: datetime
    decision_due_at: datetime | None = Field(default=None, description="urgent: the decision's hours end")
    money_due_at: datetime | None = Field(default=None, description="urgent: the money's hours end")
    is_late: bool = Field(default=False, description="decision, money or papers came too late, or are still out")
    late: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    accepted_by: str = Field(default="", sa_type=Text)
    surveyors: bytes | None = Field(default=None, sa_type=LargeBinary, description="names, sealed, one a line")
    finding: str = Field(default="", sa_type=Text)
    level: str = Field(default="", sa_type=Text, description="proposed, then decided")
    per_head_fen: int = Field(default=0, sa_type=BigInteger, description="at level V")
    is_special: bool = False
    minutes_no: str = Field(default="", sa_type=Text, description="of the joint meeting, at level V")
    authority: str = Field(default="", sa_type=Text, description="who decides")
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    notice_place: str = Field(default="", sa_type=Text)
    notice_to: date | None = Field(default=None, description="last day of the notice")
    decided_by: str = Field(default="", sa_type=Text)
    decided_at: datetime | None = None
    decision_id: str = Field(default="", sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    legal_basis: str = Field(default="", sa_type=Text)
    entitlement_id: str | None = Field(default=None, sa_type=Text, description="where the bank pays, once ordered")
    paid_by: str = Field(default="", sa_type=Text)
    paid_at: datetime | None = None
    paid_how: str = Field(default="", sa_type=Text)
    papers_due_on: date | None = None
    papers: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    completed_at: datetime | None = None
    version: int = 1


class TemporaryPerson(Base, table=True):
    """Everybody a case helps: who was helped for the same cause before."""

    __tablename__ = "temporary_person"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id", appended=True)
    __table_args__: ClassVar[Any] = (
        Index("ix_temporary_person_person", "person_id"),
        Index("ix_temporary_person_area", "area_code"),
    )

    case_id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)


class TemporaryStep(Base, table=True):
    """One transition. Never changed."""

    __tablename__ = "temporary_step"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id", appended=True)
    __table_args__: ClassVar[Any] = (Index("ix_temporary_step_case", "case_id", "seq"),)

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    case_id: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    action: str = Field(sa_type=Text)
    from_state: str = Field(sa_type=Text)
    to_state: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    post: str = Field(sa_type=Text)
    at: datetime
    reason: str = Field(default="", sa_type=Text)


class Reserve(Base, table=True):
    """A town's reserve (备用金), and the lock of all that moves in it. `balance_fen` is kept by the database from the
    ledger, and never below nothing."""

    __tablename__ = "reserve"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("balance_fen >= 0", name="balance"),
        CheckConstraint("float_fen > 0", name="float"),
    )

    area_code: str = Field(sa_type=AreaCodeText, primary_key=True, description="the town")
    float_fen: int = Field(sa_type=BigInteger, description="what it is filled up to")
    balance_fen: int = Field(default=0, sa_type=BigInteger)
    opened_by: str = Field(sa_type=Text)
    opened_at: datetime


class ReserveEntry(Base, table=True):
    """One line of the ledger: so much left one account and came to another, so that all accounts together are always
    nothing. Never changed."""

    __tablename__ = "reserve_entry"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", appended=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("kind in ('FUND', 'REPLENISH', 'GRANT')", name="kind"),
        CheckConstraint(
            f"{_one_of('from_account', ACCOUNTS)} and {_one_of('to_account', ACCOUNTS)} and from_account <> to_account",
            name="accounts",
        ),
        CheckConstraint("(kind = 'GRANT') = (to_account = 'FAMILY')", name="grant"),
        CheckConstraint("(kind = 'GRANT') = (case_id <> '')", name="case"),
        Index("uq_reserve_entry_case", "case_id", unique=True, postgresql_where="case_id <> ''"),
        Index("ix_reserve_entry_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="the town")
    kind: str = Field(sa_type=Text)
    from_account: str = Field(sa_type=Text)
    to_account: str = Field(sa_type=Text)
    amount_fen: int = Field(sa_type=BigInteger)
    case_id: str = Field(default="", sa_type=Text)
    made_by: str = Field(sa_type=Text)
    made_at: datetime


class ReserveRequest(Base, table=True):
    """A reserve that fell too low asks to be filled up."""

    __tablename__ = "reserve_request"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('OPEN', 'DONE')", name="state"),
        Index("uq_reserve_request_open", "area_code", unique=True, postgresql_where="state = 'OPEN'"),
        Index("ix_reserve_request_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    balance_fen: int = Field(sa_type=BigInteger, description="when it was asked")
    state: str = Field(default="OPEN", sa_type=Text)
    asked_by: str = Field(sa_type=Text)
    asked_at: datetime
    filled_fen: int = Field(default=0, sa_type=BigInteger)
    done_by: str = Field(default="", sa_type=Text)
    done_at: datetime | None = None
