"""Waiting for a bed."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class SupportChoice(Base, table=True):
    """What a destitute elder answered when asked where she wants to be supported (E-10). The newest counts."""

    __tablename__ = "support_choice"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("support in ('CENTRAL', 'DISPERSED')", name="support"),
        Index("ix_support_choice_area", "area_code", "person_id"),
    )

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    support: str = Field(sa_type=Text)
    asked_on: date
    cannot_care_for_self: bool = False


class WaitingEntry(Base, table=True):
    """A place in the queue: smaller `priority` first, then who came first."""

    __tablename__ = "waiting_entry"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('WAITING', 'PLACED', 'WITHDRAWN')", name="state"),
        CheckConstraint("priority between 0 and 4", name="priority"),
        Index("uq_waiting_entry_person", "person_id", unique=True, postgresql_where="state = 'WAITING'"),
        Index("ix_waiting_entry_queue", "priority", "queued_at", "id", postgresql_where="state = 'WAITING'"),
        Index("ix_waiting_entry_area", "area_code", "state", "priority", "queued_at", "id"),
        Index("ix_waiting_entry_history", "person_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text, description="institution that owes a bed, if one does")
    priority: int = Field(sa_type=SmallInteger)
    reason: str = Field(sa_type=Text)
    queued_at: datetime
    due_at: datetime | None = Field(default=None, description="a bed is promised by then")
    state: str = Field(default="WAITING", sa_type=Text)
    stay_id: str | None = Field(default=None, sa_type=Text)
    closed_at: datetime | None = None
