"""Households, their members, what is special about a member, and what the family earns. All of it dated.

Rows below the household are always reached through it or through the person, so they have no index by area: with
one, a planner without statistics (after a first load) combines it with every look-up, at a hundred times the price.
"""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    LargeBinary,
    Text,
    column,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows

_PERIOD = func.daterange(column("valid_from"), column("valid_to"), literal_column("'[]'"))


class Household(Base, table=True):
    """A family that applies and is helped as one (MLG 7). The row is the lock of all that concerns it."""

    __tablename__ = "household"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person_via=("member", "id", "household_id", "viewer_id"))
    __table_args__: ClassVar[Any] = (
        Index("ix_household_area", "area_code", "id"),
        Index("ix_household_applicant", "applicant_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="where it is served")
    registered_area: str = Field(sa_type=AreaCodeText, description="household registration (户籍地)")
    applicant_id: str = Field(sa_type=Text, description="the one person who applies for all")
    created_at: datetime
    version: int = 1


class Member(Base, table=True):
    """One person in one household from a day to a day, both included. An end by death is no date here: it is an
    effect on this row, and goes away with it."""

    __tablename__ = "member"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "relation in ('SELF', 'SPOUSE', 'CHILD', 'PARENT', 'GRANDCHILD', 'GRANDPARENT', 'SIBLING', 'OTHER')",
            name="relation",
        ),
        CheckConstraint("labour in ('FULL', 'PARTIAL', 'NONE')", name="labour"),
        CheckConstraint("valid_to >= valid_from", name="period"),
        # The net below the household's lock: nobody is supported in two families at once (MLG 7).
        ExcludeConstraint((column("person_id"), "="), (_PERIOD, "&&"), name="ex_member_person"),
        Index("ix_member_household", "household_id", "id"),
        Index("ix_member_person", "person_id", "id"),
        Index("ix_member_viewer", "viewer_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="the household's")
    relation: str = Field(sa_type=Text, description="to the applicant")
    name: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed; copied at intake")
    birth: date
    labour: str = Field(default="FULL", sa_type=Text, description="labour capacity")
    valid_from: date
    valid_to: date | None = None
    leave_reason: str = Field(default="", sa_type=Text)
    viewer_id: str = Field(sa_type=Text, description="person_id while she may see the household, empty once she left")


class MemberCondition(Base, table=True):
    """What gives a member more than the plain share, from a month to a month, both included."""

    __tablename__ = "member_condition"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "kind in ('SEVERE_DISABILITY', 'CRITICAL_ILLNESS', 'SINGLE_PARENT_CHILD', 'CARE_PARTLY', 'CARE_FULLY')",
            name="kind",
        ),
        CheckConstraint("extract(day from from_month) = 1 and extract(day from to_month) = 1", name="months"),
        CheckConstraint("to_month >= from_month", name="term"),
        Index("ix_member_condition_member", "member_id"),
        Index("ix_member_condition_household", "household_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    member_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    from_month: date
    to_month: date | None = None


class Income(Base, table=True):
    """What a household has to live on each month, from a month on until the next record. Of two from one month the
    later recorded counts. Never changed: a correction is another record."""

    __tablename__ = "income"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("member", "household_id", "household_id", "viewer_id"), appended=True
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint("monthly_fen >= 0", name="monthly"),
        CheckConstraint("extract(day from from_month) = 1", name="month"),
        CheckConstraint("source in ('INTAKE', 'DECLARED', 'RECHECK', 'SURVEY')", name="source"),
        Index("ix_income_current", "household_id", "from_month", "seq"),
    )

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    from_month: date
    monthly_fen: int = Field(sa_type=BigInteger, description="total of the family, countable income (MLG 13)")
    source: str = Field(sa_type=Text)
    decision_id: str = Field(default="", sa_type=Text, description="the decision that was made on it, if any")
    remark: str = Field(default="", sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime
