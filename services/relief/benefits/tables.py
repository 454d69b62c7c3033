"""Benefit cases, and the standards by date and area as SQL reads them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class BenefitCase(Base, table=True):
    """A household's recognition (state machines 2 and 3). What a death does to it is no column: closed, under review
    and what is due follow from the members and the effects that live."""

    __tablename__ = "benefit_case"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('DIBAO', 'TEKUN', 'MARGINAL', 'RIGID')", name="kind"),
        CheckConstraint("state in ('ACTIVE', 'CLOSED')", name="state"),
        CheckConstraint("review_class in ('A', 'B', 'C')", name="review_class"),
        CheckConstraint("(kind in ('MARGINAL', 'RIGID')) = (entitlement_id is null)", name="entitlement"),
        CheckConstraint("(state = 'CLOSED') = (closed_from is not null)", name="closed"),
        CheckConstraint("extract(day from from_month) = 1 and extract(day from closed_from) = 1", name="months"),
        Index("uq_benefit_case_open", "household_id", unique=True, postgresql_where="state = 'ACTIVE'"),
        Index("uq_benefit_case_entitlement", "entitlement_id", unique=True),
        Index("ix_benefit_case_household", "household_id", "id"),
        Index("ix_benefit_case_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text, description="低保 DIBAO, 特困 TEKUN; without money 低边 MARGINAL, 刚性支出 RIGID")
    state: str = Field(default="ACTIVE", sa_type=Text)
    review_class: str = Field(default="B", sa_type=Text, description="A, B, C: how often it is reviewed")
    applicant_id: str = Field(sa_type=Text, description="who is paid")
    entitlement_id: str | None = Field(default=None, sa_type=Text)
    decision_id: str = Field(default="", sa_type=Text, description="the recognition")
    from_month: date
    valid_until: date | None = Field(default=None, description="last month of a recognition for a term (刚性支出)")
    closed_from: date | None = Field(default=None, description="first month without benefit")
    close_reason: str = Field(default="", sa_type=Text)
    answered: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False),
        description="causes of re-checks that are done",
    )
    opened_at: datetime
    seq: int = Field(default=0, description="number of the last adjustment that was announced")
    version: int = 1


class BenefitRate(Base, table=True):
    """All amounts a family's benefit is made of, from a day on, in an area and below: the parameter files, worked
    out to fen. Kept equal to them; `area` is a prefix."""

    __tablename__ = "benefit_rate"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)

    area: str = Field(sa_type=AreaCodeText, primary_key=True)
    from_date: date = Field(primary_key=True)
    standard_fen: int = Field(sa_type=BigInteger)
    severe_disability_fen: int = Field(sa_type=BigInteger)
    critical_illness_fen: int = Field(sa_type=BigInteger)
    single_parent_child_fen: int = Field(sa_type=BigInteger)
    aged_fen: int = Field(sa_type=BigInteger)
    minor_fen: int = Field(sa_type=BigInteger)
    aged_from: int = Field(sa_type=SmallInteger, description="years")
    adult_from: int = Field(sa_type=SmallInteger, description="years")
    destitute_fen: int = Field(sa_type=BigInteger, description="特困 basic living")
    care_partly_fen: int = Field(sa_type=BigInteger)
    care_fully_fen: int = Field(sa_type=BigInteger)
