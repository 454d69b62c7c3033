"""Subsidies, the levels they were granted at, and the rates by date and area."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class Subsidy(Base, table=True):
    """A person's way through a scheme (state machine 12). An end by death is no state: it is an effect on the
    entitlement, and goes away with it."""

    __tablename__ = "subsidy"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("scheme in ('longevity', 'care_subsidy')", name="scheme"),
        CheckConstraint("state in ('CANDIDATE', 'CONFIRMED', 'ACTIVE', 'SUSPENDED', 'ENDED')", name="state"),
        CheckConstraint("extract(day from from_month) = 1", name="month"),
        Index("uq_subsidy_open", "person_id", "scheme", unique=True, postgresql_where="state <> 'ENDED'"),
        Index("uq_subsidy_entitlement", "entitlement_id", unique=True),
        Index("ix_subsidy_area", "area_code", "id"),
        Index("ix_subsidy_state", "scheme", "state", "id"),
        Index("ix_subsidy_person", "person_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    scheme: str = Field(sa_type=Text)
    state: str = Field(default="CANDIDATE", sa_type=Text)
    from_month: date
    decision_id: str = Field(default="", sa_type=Text)
    entitlement_id: str | None = Field(default=None, sa_type=Text)
    proposed_at: datetime
    confirmed_by: str = Field(default="", sa_type=Text)
    suspension_id: str = Field(default="", sa_type=Text, description="cause of the hold that runs now")
    reason: str = Field(default="", sa_type=Text, description="why refused, suspended or ended")
    version: int = 1


class SubsidyLevel(Base, table=True):
    """The ability level 养老服务补贴 is paid by, from a month on."""

    __tablename__ = "subsidy_level"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("level between 0 and 4", name="level"),
        Index("ix_subsidy_level_person", "person_id"),
    )

    entitlement_id: str = Field(sa_type=Text, primary_key=True)
    from_month: date = Field(primary_key=True)
    level: int = Field(sa_type=SmallInteger)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)


class SubsidyRate(Base, table=True):
    """The parameter tables of both schemes as rows, for the statements over many entitlements."""

    __tablename__ = "subsidy_rate"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)

    scheme: str = Field(sa_type=Text, primary_key=True)
    area: str = Field(sa_type=AreaCodeText, primary_key=True, description="prefix; empty is everywhere")
    from_date: date = Field(primary_key=True)
    floor: int = Field(sa_type=SmallInteger, primary_key=True, description="from this age or level on")
    amount_fen: int = Field(sa_type=BigInteger)
