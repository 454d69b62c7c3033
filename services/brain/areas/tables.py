"""Administrative divisions (行政区划) as they were on any day; reference data everyone reads (domain §1.2)."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from services.brain.areas.codes import AreaKind, Island
from services.brain.base import Base, one_of
from shared.db.tables import AreaCodeText, Rows

_KINDS = [
    "PROVINCE",
    "CITY",
    "DISTRICT",
    "SUBDISTRICT",
    "TOWN",
    "MGMT_COMMITTEE",
    "COMMUNITY",
    "VILLAGE",
    "GRID",
    "MICRO_GRID",
]
_ISLANDS = ["MAIN", "BRIDGED", "OUTER", "REMOTE"]


class Area(Base, table=True):
    """One division in one period `valid_from <= day < valid_to`; a renaming closes the row and opens another."""

    __tablename__ = "area"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)
    __table_args__: ClassVar[Any] = (
        one_of("kind", AreaKind),
        one_of("island", Island),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="period"),
        ExcludeConstraint(
            ("code", "="), (text("daterange(valid_from, valid_to)"), "&&"), using="gist", name="ex_area_period"
        ),
        Index("ix_area_code", "code", "valid_from"),
        Index("ix_area_parent", "parent_code", "code"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    code: str = Field(sa_type=AreaCodeText)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    parent_code: str | None = Field(default=None, sa_type=AreaCodeText)
    island: str = Field(default="MAIN", sa_type=Text, description="MAIN, BRIDGED, OUTER or REMOTE")
    valid_from: date
    valid_to: date | None = None
