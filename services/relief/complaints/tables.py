"""Complaints."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Complaint(Base, table=True):
    """What somebody says about a decision. Who it was is the office's to know."""

    __tablename__ = "complaint"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("(answered_at is null) = (answer = '')", name="answer"),
        Index("ix_complaint_application", "application_id", "id"),
        Index("ix_complaint_area", "area_code", "due_on", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    application_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    complainer: bytes | None = Field(default=None, sa_type=LargeBinary, description="name, sealed; may be anonymous")
    text: str = Field(sa_type=Text)
    raised_at: datetime
    taken_by: str = Field(sa_type=Text)
    due_on: date
    answer: str = Field(default="", sa_type=Text)
    answered_at: datetime | None = None
    answered_by: str = Field(default="", sa_type=Text)
