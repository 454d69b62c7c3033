"""Beds."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class Bed(Base, table=True):
    """A bed of an institution; of a family bed (家庭养老床位) the institution is the one that serves it."""

    __tablename__ = "bed"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="institution_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("type in ('NORMAL', 'NURSING', 'DEMENTIA', 'FAMILY')", name="type"),
        CheckConstraint("price_class in ('INCLUSIVE', 'MARKET', 'SUPPORT')", name="price_class"),
        CheckConstraint("status in ('VACANT', 'RESERVED', 'OCCUPIED', 'MAINTENANCE', 'RETIRED')", name="status"),
        Index("uq_bed_number", "institution_id", "bed_no", unique=True),
        Index("uq_bed_code", "code", unique=True),
        Index("ix_bed_area", "area_code", "id"),
        Index("ix_bed_org", "institution_id", "id"),
        Index("ix_bed_vacant", "area_code", "id", postgresql_where="status = 'VACANT'"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    institution_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    bed_no: str = Field(sa_type=Text)
    type: str = Field(default="NORMAL", sa_type=Text)
    zone: str = Field(default="", sa_type=Text, description="e.g. the dementia zone")
    price_class: str = Field(default="INCLUSIVE", sa_type=Text)
    status: str = Field(default="VACANT", sa_type=Text)
    turnover_until: datetime | None = Field(default=None, description="in MAINTENANCE only for cleaning, until then")
    code: str = Field(sa_type=Text)
    version: int = 1
