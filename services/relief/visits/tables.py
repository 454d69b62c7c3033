"""Planned visits."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Visit(Base, table=True):
    """One visit to one household by a day. Planned for a cause, it stands while the effect that names it lives."""

    __tablename__ = "visit"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('CONDOLENCE')", name="kind"),
        Index("uq_visit_cause", "household_id", "cause", unique=True),
        Index("ix_visit_area", "area_code", "due_on", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    cause: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text, description="who died")
    planned_at: datetime
    due_on: date
    done_at: datetime | None = None
    done_by: str = Field(default="", sa_type=Text)
    remark: str = Field(default="", sa_type=Text)
