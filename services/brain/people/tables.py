"""The person file, other ids of the same person, and who may follow whose course."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field

from services.brain.base import Base, one_of
from services.brain.people.codes import AliasReason, LifeStatus, MaritalStatus, Registration
from shared.db.tables import AreaCodeText, Rows


class Person(Base, table=True):
    """One person, under the person key of the checked ID number (or a random one). Name and number are sealed.

    `life_status` and `death_date` say what the live effects of confirmed deaths say; nothing else writes them.
    """

    __tablename__ = "person"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("sex in (0, 1, 2, 9)", name="sex"),
        one_of("registration", Registration),
        one_of("life_status", LifeStatus),
        CheckConstraint("(life_status = 'DECEASED') = (death_date is not null)", name="death_date"),
        one_of("marital_status", MaritalStatus),
        Index("ix_person_area", "area_code", "id"),
        Index("ix_person_number", "number_index"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    name: bytes = Field(sa_type=LargeBinary, description="sealed")
    id_number: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    number_index: bytes | None = Field(default=None, sa_type=LargeBinary, description="keyed, for exact look-up")
    sex: int = Field(sa_type=SmallInteger)
    birth: date
    registration: str = Field(sa_type=Text)
    marital_status: str = Field(sa_type=Text)
    life_status: str = Field(default="ALIVE", sa_type=Text)
    death_date: date | None = None
    merged_into: str | None = Field(default=None, sa_type=Text, description="this file is closed, see that one")
    version: int = 1
    registered_at: datetime
    updated_at: datetime


class PersonAlias(Base, table=True):
    """Another id that means `person_id`: of a merged file, or derived from a later number."""

    __tablename__ = "person_alias"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        one_of("reason", AliasReason),
        Index("ix_person_alias_person", "person_id"),
        Index("ix_person_alias_area", "area_code", "alias_id"),
    )

    alias_id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="that of the person")
    created_at: datetime


class Sight(Base, table=True):
    """A person may read what is meant for an audience. `own:<personId>` is for herself alone, `family:<personId>`
    also for her close relatives (PIPL 49; design §6: family and clerk see the same course of a death)."""

    __tablename__ = "sight"
    __scopes__: ClassVar[Rows] = Rows(person="viewer_id")
    __table_args__: ClassVar[Any] = (Index("ix_sight_audience", "audience"),)

    viewer_id: str = Field(sa_type=Text, primary_key=True)
    audience: str = Field(sa_type=Text, primary_key=True)
