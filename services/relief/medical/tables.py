"""Bills as they are settled, and burdens that passed a step. Amounts and days are plain, for they are summed over all
families; hospital, illness and what a visit found are sealed."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class MedicalBill(Base, table=True):
    """One settlement of medical insurance and what each layer paid of it; a reversed one is cancelled."""

    __tablename__ = "medical_bill"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("person_class in ('GENERAL', 'RIGID', 'MARGINAL', 'DIBAO', 'TEKUN')", name="person_class"),
        CheckConstraint("total_fen >= out_of_scope_fen and out_of_scope_fen >= 0", name="total"),
        CheckConstraint(
            "own_fen = total_fen - basic_fen - serious_fen - assistance_fen - supplementary_fen", name="own"
        ),
        CheckConstraint(
            "least(basic_fen, serious_fen, assistance_fen, supplementary_fen, own_fen) >= 0", name="layers"
        ),
        Index("uq_medical_bill_no", "bill_no", unique=True),
        Index("ix_medical_bill_person", "person_id", "settled_on", postgresql_where="cancelled_at is null"),
        Index("ix_medical_bill_area", "area_code", "id"),
        Index("ix_medical_bill_day", "settled_on", postgresql_where="cancelled_at is null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    bill_no: str = Field(sa_type=Text, description="number of the settlement at medical insurance")
    settled_on: date
    person_class: str = Field(sa_type=Text)
    total_fen: int = Field(sa_type=BigInteger)
    out_of_scope_fen: int = Field(sa_type=BigInteger, description="not compliant: no layer looks at it")
    basic_fen: int = Field(sa_type=BigInteger)
    serious_fen: int = Field(sa_type=BigInteger)
    assistance_fen: int = Field(sa_type=BigInteger)
    supplementary_fen: int = Field(sa_type=BigInteger)
    own_fen: int = Field(sa_type=BigInteger, description="what the patient paid after all layers")
    hospital: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    illness: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    year_total_fen: int = Field(sa_type=BigInteger, description="of the year, before this bill")
    year_out_of_scope_fen: int = Field(sa_type=BigInteger)
    rule_version: int = Field(sa_type=SmallInteger)
    parameter_set: str = Field(sa_type=Text, description="with the rule's version: the layers, explained by replay")
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime
    cancelled_at: datetime | None = None
    cancelled_by: str = Field(default="", sa_type=Text)


class MedicalBurden(Base, table=True):
    """A person's burden of twelve months passed a step: somebody goes there and says what came of it (R-23)."""

    __tablename__ = "medical_burden"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('RAISED', 'ASSIGNED', 'VISITED', 'WITHDRAWN')", name="state"),
        CheckConstraint("step >= 1", name="step"),
        CheckConstraint(
            "outcome in ('', 'APPLICATION', 'ALREADY_COVERED', 'NO_DIFFICULTY', 'REFERRED', 'REFUSED_HELP')",
            name="outcome",
        ),
        Index(
            "uq_medical_burden_step",
            "person_id",
            "window_from",
            "step",
            unique=True,
            postgresql_where="state <> 'WITHDRAWN'",
        ),
        Index("ix_medical_burden_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    step: int = Field(description="how many times the threshold")
    window_from: date = Field(description="day of the first step; within twelve months of it each step calls once")
    amount_fen: int = Field(sa_type=BigInteger)
    raised_on: date
    state: str = Field(sa_type=Text)
    assign_due_at: datetime
    visit_due_at: datetime
    assigned_to: str = Field(default="", sa_type=Text)
    assigned_at: datetime | None = None
    overdue_at: datetime | None = None
    visited_at: datetime | None = None
    visited_by: str = Field(default="", sa_type=Text)
    outcome: str = Field(default="", sa_type=Text)
    remark: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    application: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB, description="what an application would begin with, where one is due"
    )
    application_id: str = Field(default="", sa_type=Text, description="the application that was begun")
    version: int = 1
