"""Volunteer accounts."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Index, Text
from sqlmodel import Field

from services.charity.base import Base
from shared.db.tables import AreaCodeText, Rows


class Volunteer(Base, table=True):
    """A person's volunteer account. Open while she has not left and no live effect closes it.

    `is_stopped` is kept equal to "a live effect closes it" by the reactions to a death.
    """

    __tablename__ = "volunteer"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (Index("ix_volunteer_area", "area_code", "person_id"),)

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    registered_on: date
    left_on: date | None = None
    is_stopped: bool = False
