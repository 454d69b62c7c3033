"""The switch per town and kind."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Delegation(Base, table=True):
    """A town decides one kind itself, from a day on, until it is suspended or ended."""

    __tablename__ = "delegation"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('TEKUN', 'DIBAO', 'MARGINAL', 'RIGID')", name="kind"),
        CheckConstraint("state in ('ACTIVE', 'SUSPENDED', 'ENDED')", name="state"),
        Index("uq_delegation_open", "area_code", "kind", unique=True, postgresql_where="state <> 'ENDED'"),
        Index("ix_delegation_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="the town")
    kind: str = Field(sa_type=Text)
    state: str = Field(default="ACTIVE", sa_type=Text)
    from_on: date
    reason: str = Field(default="", sa_type=Text, description="of the last change")
    warned_for: date | None = Field(default=None, description="first day of the quarter it was warned for")
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime
    version: int = 1
