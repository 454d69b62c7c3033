"""Death reports."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class DeathReport(Base, table=True):
    """What somebody said. It stops nothing (domain §10)."""

    __tablename__ = "death_report"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", appended=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("source in ('VILLAGE', 'TOWN', 'INSTITUTION', 'FAMILY')", name="source"),
        Index("uq_death_report_once", "person_id", "reporter_id", "death_date", unique=True),
        Index("ix_death_report_area", "area_code", "id"),
        Index("ix_death_report_org", "org_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text)
    source: str = Field(sa_type=Text)
    unit_id: str = Field(sa_type=Text, description="two sources of one unit count once")
    reporter_id: str = Field(sa_type=Text, description="account")
    death_date: date
    place: str = Field(sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    reported_at: datetime
