"""Close relatives, dated; each relation is written once from either side, so that each side sees its own rows."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.brain.base import Base, one_of
from services.brain.kinship.rules import Kind
from shared.db.tables import AreaCodeText, Rows


class Kinship(Base, table=True):
    """`relative_id` is `kind` of `person_id` from `from_date` on, until before `to_date`."""

    __tablename__ = "kinship"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        one_of("kind", Kind),
        CheckConstraint("person_id <> relative_id", name="not_oneself"),
        CheckConstraint("to_date is null or to_date >= from_date", name="period"),
        Index(
            "uq_kinship_open",
            "person_id",
            "relative_id",
            unique=True,
            postgresql_where="to_date is null",
        ),
        Index("ix_kinship_person", "person_id", "id"),
        Index("ix_kinship_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    mirror_id: str = Field(sa_type=Text, description="the same relation from the other side")
    person_id: str = Field(sa_type=Text)
    relative_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="that of the person")
    from_date: date
    to_date: date | None = None
    version: int = 1
