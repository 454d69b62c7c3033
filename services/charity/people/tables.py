"""Charity's reference to a person."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Index, Text
from sqlmodel import Field

from services.charity.base import Base
from shared.db.tables import AreaCodeText, Rows


class Person(Base, table=True):
    """One person. `is_deceased` is kept equal to "a live effect says so" by the reactions to a death.

    The row is also the lock of everything that concerns a person: taken before her pairings and points.
    """

    __tablename__ = "person"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (Index("ix_person_area", "area_code", "person_id"),)

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    birth: date
    is_deceased: bool = False
