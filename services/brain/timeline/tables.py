"""A person's course: one row per event about her, whoever published it."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.brain.base import Base
from shared.db.tables import AreaCodeText, Rows


class TimelineEntry(Base, table=True):
    """One event. `facts` hold no personal data. A person reads the audiences in her sight (see people)."""

    __tablename__ = "timeline_entry"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person_via=("sight", "audience", "audience", "viewer_id"))
    __table_args__: ClassVar[Any] = (
        Index("ix_timeline_entry_person", "person_id", "at", "id"),
        Index("ix_timeline_entry_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True, description="the event's id")
    person_id: str = Field(sa_type=Text)
    audience: str = Field(sa_type=Text)
    at: datetime
    type: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="that of the person, else of the event")
    title: str = Field(sa_type=Text)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
