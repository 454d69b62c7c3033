"""The reference copy: persons, their other ids, their close relatives."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text
from sqlmodel import Field

from services.affairs.base import Base
from shared.db.tables import AreaCodeText, Rows


class Person(Base, table=True):
    """One person as brain's events tell of her. Its row lock orders the opening of death cases."""

    __tablename__ = "person"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person_via=("kin", "person_id", "person_id", "relative_id"))
    __table_args__: ClassVar[Any] = (
        CheckConstraint("life_status in ('ALIVE', 'DECEASED')", name="life_status"),
        Index("ix_person_area", "area_code", "person_id"),
    )

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    birth: date | None = Field(default=None, description="unknown until the registration has been heard")
    sex: int = Field(default=0, sa_type=SmallInteger)
    life_status: str = Field(default="ALIVE", sa_type=Text)
    version: int = Field(default=0, description="newest update of the person file seen")


class OtherId(Base, table=True):
    """Another id of the same person: the file behind it was merged."""

    __tablename__ = "other_id"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)
    __table_args__: ClassVar[Any] = (Index("ix_other_id_person", "person_id"),)

    alias_id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)


class Kin(Base, table=True):
    """`relative_id` is `kind` of `person_id` (近亲属, CC 1045)."""

    __tablename__ = "kin"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="relative_id")
    __table_args__: ClassVar[Any] = (
        Index("ix_kin_relative", "relative_id", "person_id"),
        Index("ix_kin_area", "area_code", "person_id"),
    )

    person_id: str = Field(sa_type=Text, primary_key=True)
    relative_id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="that of the person")
