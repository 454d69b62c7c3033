"""Re-checks that were asked for, and what came of them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Recheck(Base, table=True):
    """One re-check of one case for one cause. It is asked for while the effect that names it lives and `done_at` is
    empty; of a withdrawn cause only this row remains."""

    __tablename__ = "recheck"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("(done_at is null) = (income_seq is null)", name="done"),
        Index("uq_recheck_cause", "case_id", "cause", unique=True),
        Index("ix_recheck_area", "area_code", "due_on", "id"),
        Index("ix_recheck_due", "due_on", "id", postgresql_where="done_at is null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    case_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    cause: str = Field(sa_type=Text, description="the death case")
    person_id: str = Field(sa_type=Text, description="who died")
    asked_at: datetime
    due_on: date = Field(description="last day of the limit")
    overdue_at: datetime | None = Field(default=None, description="when the limit had passed without it")
    done_at: datetime | None = None
    done_by: str = Field(default="", sa_type=Text)
    income_seq: int | None = Field(default=None, description="the income record it led to")
    remark: str = Field(default="", sa_type=Text)
