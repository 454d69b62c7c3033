"""Elders, those who will become one, and relatives."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class Elder(Base, table=True):
    """One person of elder age. Dead when `death_case_id` is set (our own reaction) or brain's copy says so."""

    __tablename__ = "elder"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "living in ('ALONE', 'COUPLE_ONLY', 'WITH_CHILDREN', 'WITH_GRANDCHILD', 'INSTITUTION', 'OTHER')",
            name="living",
        ),
        CheckConstraint("ability_level between 0 and 4", name="ability_level"),
        CheckConstraint("relief_class in ('', 'DESTITUTE', 'MINIMUM', 'MARGINAL')", name="relief_class"),
        Index("ix_elder_area", "area_code", "birth", "person_id"),
        Index("ix_elder_org", "org_id", "birth", "person_id"),
        Index("ix_elder_birth", "birth", "person_id"),
    )

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="registered area")
    org_id: str = Field(default="", sa_type=Text, description="institution of the current or last stay, kept by stays")
    birth: date
    sex: int = Field(default=0, sa_type=SmallInteger)
    name: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    phone: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    living: str = Field(default="OTHER", sa_type=Text, description="living arrangement, domain §1.4")
    ability_level: int | None = Field(default=None, sa_type=SmallInteger, description="0 intact … 4 complete")
    ability_on: date | None = Field(default=None, description="when assessed")
    has_dementia: bool = False
    relief_class: str = Field(default="", sa_type=Text, description="特困 DESTITUTE, 低保 MINIMUM, 低边 MARGINAL")
    is_special_family: bool = Field(default=False, description="special family-planning family")
    is_islander_with_medical_need: bool = False
    life_status: str = Field(default="ALIVE", sa_type=Text, description="copy of the person file")
    person_version: int = Field(default=0, description="newest update of the person file seen")
    death_case_id: str | None = Field(default=None, sa_type=Text)
    death_date: date | None = None
    death_noted_at: datetime | None = Field(default=None, description="when the confirmation was heard here")
    created_at: datetime


class Younger(Base, table=True):
    """Someone who will reach elder age: all that is kept is what that day needs."""

    __tablename__ = "younger"
    __scopes__: ClassVar[Rows] = Rows()
    __table_args__: ClassVar[Any] = (Index("ix_younger_birth", "birth", "person_id"),)

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    birth: date
    sex: int = Field(default=0, sa_type=SmallInteger)
    death_case_id: str | None = Field(default=None, sa_type=Text)
    death_date: date | None = None


class Relative(Base, table=True):
    """`relative_id` is `kind` of the elder `person_id`. `area_code` is the elder's, empty until she is known."""

    __tablename__ = "relative"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="relative_id")
    __table_args__: ClassVar[Any] = (
        Index("ix_relative_relative", "relative_id"),
        Index("ix_relative_area", "area_code", "person_id"),
    )

    person_id: str = Field(sa_type=Text, primary_key=True)
    relative_id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    area_code: str = Field(default="", sa_type=AreaCodeText)
    version: int = 0
