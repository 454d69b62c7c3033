"""One bed, many who want it."""

from typing import Any, ClassVar

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from shared.db.tables import AreaCodeText, Rows, new_registry


class Base(SQLModel, registry=new_registry()):
    """The toy's tables."""


class Bed(Base, table=True):
    """A bed."""

    __tablename__ = "bed"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id")

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, index=True)
    org_id: str = Field(sa_type=Text)
    taken_by: str | None = Field(default=None, sa_type=Text)


class Claim(Base, table=True):
    """Who has it."""

    __tablename__ = "claim"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (UniqueConstraint("bed_id"),)

    id: str = Field(sa_type=Text, primary_key=True)
    bed_id: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
