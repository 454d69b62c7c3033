"""Contracts with third parties, the visits they are commissioned with, and the second looks."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class SurveyContract(Base, table=True):
    """A third party may be sent to houses of an area, from a day to a day."""

    __tablename__ = "survey_contract"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('ACTIVE', 'ENDED')", name="state"),
        CheckConstraint("to_on >= from_on", name="period"),
        Index("ix_survey_contract_area", "area_code", "id"),
        Index("ix_survey_contract_org", "org_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="where it holds: a district or a town")
    org_id: str = Field(sa_type=Text, description="the third party, as its staff's accounts name it")
    org_name: str = Field(sa_type=Text)
    contract_no: str = Field(sa_type=Text)
    from_on: date
    to_on: date
    state: str = Field(default="ACTIVE", sa_type=Text)
    warned_for: date | None = Field(default=None, description="first day of the quarter it was last warned for")
    warning: str = Field(default="", sa_type=Text)
    made_by: str = Field(sa_type=Text)
    made_at: datetime
    version: int = 1


class FieldVisit(Base, table=True):
    """A commissioned visit: ASSIGNED, then SUBMITTED with names, form, signature, photo and place; never changed."""

    __tablename__ = "field_visit"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('ASSIGNED', 'SUBMITTED')", name="state"),
        CheckConstraint("(state = 'SUBMITTED') = (submitted_at is not null)", name="submitted"),
        Index("ix_field_visit_area", "area_code", "id"),
        Index("ix_field_visit_household", "household_id", "id"),
        Index("ix_field_visit_contract", "contract_id", "submitted_at"),
        Index("ix_field_visit_org", "org_id", "id"),
        Index("ix_field_visit_submitted", "submitted_at", postgresql_where="state = 'SUBMITTED'"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    contract_id: str = Field(sa_type=Text)
    org_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    applicant_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="the household's")
    state: str = Field(default="ASSIGNED", sa_type=Text)
    assigned_by: str = Field(sa_type=Text)
    assigned_at: datetime
    visited_on: date | None = None
    surveyors: bytes | None = Field(default=None, sa_type=LargeBinary, description="names, sealed, one a line")
    place: bytes | None = Field(default=None, sa_type=LargeBinary, description="of the photo, sealed: degrees N, E")
    heads: int = Field(default=0, sa_type=SmallInteger)
    monthly_fen: int = Field(default=0, sa_type=BigInteger)
    homes: int = Field(default=0, sa_type=SmallInteger)
    vehicles: int = Field(default=0, sa_type=SmallInteger)
    finding: str = Field(default="", sa_type=Text)
    submitted_by: str = Field(default="", sa_type=Text)
    submitted_at: datetime | None = None
    version: int = 1


class FieldResample(Base, table=True):
    """A visit drawn for a second look by the town."""

    __tablename__ = "field_resample"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        Index("ix_field_resample_area", "area_code", "id"),
        Index("ix_field_resample_contract", "contract_id", "drawn_for"),
    )

    id: str = Field(sa_type=Text, primary_key=True, description="the visit's")
    contract_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    drawn_for: date = Field(description="first day of the month of the visits it was drawn from")
    seed: str = Field(sa_type=Text, description="of the lottery: SHA-256 of seed and visit, ascending")
    drawn_at: datetime
    due_on: date
    done_by: str = Field(default="", sa_type=Text)
    done_at: datetime | None = None
    differences: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    finding: str = Field(default="", sa_type=Text)
