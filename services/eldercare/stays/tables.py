"""Stays."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows

_PERIOD = func.tstzrange(column("from_at"), column("ended_at"))
_COUNTS = text("state <> 'CANCELLED'")


class Stay(Base, table=True):
    """One person in one bed from `from_at` to `ended_at` (open while null). `area_code` is the person's, so that her
    own town sees it wherever the bed is; the bed's town sees the bed."""

    __tablename__ = "stay"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="institution_id", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "state in ('RESERVED', 'CHECKED_IN', 'ON_LEAVE', 'HOSPITAL', 'CHECKED_OUT', 'DECEASED', 'CANCELLED')",
            name="state",
        ),
        CheckConstraint(
            "(ended_at is null) = (state in ('RESERVED', 'CHECKED_IN', 'ON_LEAVE', 'HOSPITAL'))", name="ended"
        ),
        # The net below the bed's lock: one occupant a bed, one bed an elder (domain §3.2).
        ExcludeConstraint((column("bed_id"), "="), (_PERIOD, "&&"), name="ex_stay_bed", where=_COUNTS),
        ExcludeConstraint((column("person_id"), "="), (_PERIOD, "&&"), name="ex_stay_person", where=_COUNTS),
        Index("ix_stay_area", "area_code", "id"),
        Index("ix_stay_org", "institution_id", "id"),
        Index("ix_stay_person", "person_id", "id"),
        Index("ix_stay_bed", "bed_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    bed_id: str = Field(sa_type=Text)
    institution_id: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    state: str = Field(sa_type=Text)
    from_at: datetime
    reserved_until: datetime | None = None
    checked_in_on: date | None = None
    contract_no: str = Field(default="", sa_type=Text)
    care_level: str = Field(default="", sa_type=Text)
    ended_at: datetime | None = None
    ended_on: date | None = Field(default=None, description="last day; of a death the day of death")
    end_reason: str = Field(default="", sa_type=Text)
    version: int = 1
