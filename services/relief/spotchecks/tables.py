"""Draws, and the cases they have drawn."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class SpotDraw(Base, table=True):
    """The draw of a month's decisions. Made once; with the seed anybody can draw again and see the same cases."""

    __tablename__ = "spot_draw"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("extract(day from month) = 1", name="month"),
        Index("uq_spot_draw_month", "area_code", "month", unique=True),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="the district")
    month: date
    seed: str = Field(sa_type=Text)
    population: int
    drawn: int
    drawn_by: str = Field(sa_type=Text)
    drawn_at: datetime


class SpotCheck(Base, table=True):
    """One decision of a town that is looked at by the district."""

    __tablename__ = "spot_check"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("ground in ('RANDOM', 'FILED', 'COMPLAINT')", name="ground"),
        CheckConstraint("finding in ('', 'CONFIRM', 'CORRECT', 'REVOKE')", name="finding"),
        CheckConstraint("(finding = '') = (found_at is null)", name="found"),
        Index("uq_spot_check_application", "application_id", unique=True),
        Index("ix_spot_check_area", "area_code", "due_on", "id"),
        Index("ix_spot_check_town", "town", "kind", "month"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    draw_id: str = Field(sa_type=Text)
    application_id: str = Field(sa_type=Text)
    case_id: str = Field(default="", sa_type=Text, description="the benefit it led to, if any")
    area_code: str = Field(sa_type=AreaCodeText)
    town: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    month: date = Field(description="in which the town decided")
    ground: str = Field(sa_type=Text)
    due_on: date
    finding: str = Field(default="", sa_type=Text)
    found_by: str = Field(default="", sa_type=Text)
    found_at: datetime | None = None
    remark: str = Field(default="", sa_type=Text)
    correct_by: date | None = Field(default=None, description="last day of the correction")
    corrected_on: date | None = None
    correction: str = Field(default="", sa_type=Text)
