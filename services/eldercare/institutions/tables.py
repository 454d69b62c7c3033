"""Institutions."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class Institution(Base, table=True):
    """A care institution; its id is the organisation's id in the person and organisation files."""

    __tablename__ = "institution"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('PUBLIC', 'PRIVATE_NON_PROFIT', 'FOR_PROFIT', 'HOME_CARE')", name="kind"),
        CheckConstraint("state in ('PREPARING', 'OPERATING', 'SUSPENDED', 'CLOSED')", name="state"),
        Index("uq_institution_uscc", "uscc", unique=True),
        Index("ix_institution_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    uscc: str = Field(sa_type=Text, description="unified social credit code")
    name: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    state: str = Field(default="OPERATING", sa_type=Text)
    phone: str = Field(default="", sa_type=Text, description="complaint telephone, published")
    opened_on: date | None = None
