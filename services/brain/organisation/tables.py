"""Units of the five levels and the posts in them, both dated (plan S-07, domain §1.3)."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from services.brain.base import Base, one_of
from services.brain.organisation.codes import UnitKind
from shared.db.tables import AreaCodeText, Rows


class OrgUnit(Base, table=True):
    """A unit through all its changes; the row is locked by whoever changes it."""

    __tablename__ = "org_unit"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)

    id: str = Field(sa_type=Text, primary_key=True)
    version: int


class UnitPeriod(Base, table=True):
    """What a unit was called and where it stood while `valid_from <= day < valid_to`."""

    __tablename__ = "unit_period"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)
    __table_args__: ClassVar[Any] = (
        one_of("kind", UnitKind),
        CheckConstraint("level between 1 and 5", name="level"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="period"),
        ExcludeConstraint(
            ("unit_id", "="), (text("daterange(valid_from, valid_to)"), "&&"), using="gist", name="ex_unit_period"
        ),
        Index("ix_unit_period_area", "area_code", "unit_id"),
        Index("ix_unit_period_parent", "parent_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    unit_id: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    level: int = Field(sa_type=SmallInteger, description="1 province, 2 city, 3 district, 4 town, 5 village")
    parent_id: str | None = Field(default=None, sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    valid_from: date
    valid_to: date | None = None


class PostHolder(Base, table=True):
    """An account as holder of posts: locked by whoever changes them, and counts the changes."""

    __tablename__ = "post_holder"
    __scopes__: ClassVar[Rows] = Rows()

    account_id: str = Field(sa_type=Text, primary_key=True)
    seq: int


class Post(Base, table=True):
    """An account in a role at a unit while `valid_from <= day < valid_to`; one at a time.

    The account's rows are those of `area_code`, or of `org_id` for roles of an institution.
    """

    __tablename__ = "post"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", account="account_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("valid_to is null or valid_to > valid_from", name="period"),
        UniqueConstraint("account_id", "valid_from"),
        ExcludeConstraint(
            ("account_id", "="), (text("daterange(valid_from, valid_to)"), "&&"), using="gist", name="ex_post_period"
        ),
        Index("ix_post_area", "area_code", "id"),
        Index("ix_post_unit", "unit_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    account_id: str = Field(sa_type=Text)
    unit_id: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(sa_type=Text)
    valid_from: date
    valid_to: date | None = None
