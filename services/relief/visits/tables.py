"""Visits by plan and by cause, who helps whom, and where families live. Where somebody was and what was said there
is sealed; how far apart and how many sections were answered is plain."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Visit(Base, table=True):
    """One visit to one household within a window (state machine 6). One planned for a death stands while the effect
    that names it lives; one planned by level and category (CARE, PHONE) stands by itself."""

    __tablename__ = "visit"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('CONDOLENCE', 'CARE', 'PHONE')", name="kind"),
        CheckConstraint(
            "state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'COUNTED', 'REJECTED_QC', 'MISSED', 'CANCELLED')",
            name="state",
        ),
        CheckConstraint("(state = 'COUNTED') = (done_at is not null)", name="done"),
        Index("uq_visit_cause", "household_id", "cause", unique=True),
        Index("ix_visit_area", "area_code", "due_on", "id"),
        Index(
            "uq_visit_running",
            "household_id",
            "kind",
            unique=True,
            postgresql_where="kind <> 'CONDOLENCE' and state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'REJECTED_QC')",
        ),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    cause: str = Field(sa_type=Text, description="a death case, or kind and first day of the window")
    person_id: str = Field(default="", sa_type=Text, description="who died")
    state: str = Field(sa_type=Text)
    planned_at: datetime
    window_from: date
    due_on: date = Field(description="last day of the window")
    helper_id: str = Field(default="", sa_type=Text, description="account of the helper it is given to")
    checked_in_at: datetime | None = None
    submitted_at: datetime | None = None
    met: str = Field(default="", sa_type=Text)
    place: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed: where the check-in was")
    distance_m: int | None = Field(default=None, description="from the family's home")
    remote_reason: str = Field(default="", sa_type=Text)
    answered: int = Field(default=0, sa_type=SmallInteger, description="sections of the questionnaire")
    answers: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    needs: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    faults: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False), description="why it does not count"
    )
    done_at: datetime | None = None
    done_by: str = Field(default="", sa_type=Text)
    remark: str = Field(default="", sa_type=Text)
    version: int = 1


class HelperPair(Base, table=True):
    """A helper and a family, from a day to a day."""

    __tablename__ = "helper_pair"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("to_date >= from_date", name="term"),
        Index("uq_helper_pair", "household_id", "helper_id", unique=True, postgresql_where="to_date is null"),
        Index("ix_helper_pair_helper", "helper_id", postgresql_where="to_date is null"),
        Index("ix_helper_pair_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    helper_id: str = Field(sa_type=Text, description="account")
    helper_name: bytes = Field(sa_type=LargeBinary, description="sealed")
    from_date: date
    to_date: date | None = None


class FamilyPlace(Base, table=True):
    """Where a family lives, as a point."""

    __tablename__ = "family_place"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")

    household_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    place: bytes = Field(sa_type=LargeBinary, description="sealed")
    set_by: str = Field(sa_type=Text)
    set_at: datetime


class HelpProject(Base, table=True):
    """What somebody offers to families in an area and below, from a day to a day (帮扶项目清单)."""

    __tablename__ = "help_project"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "need in ('FOOD', 'MEDICAL', 'CARE', 'HOUSING', 'SCHOOL', 'WORK', 'COMPANY', 'OTHER')", name="need"
        ),
        CheckConstraint("to_date >= from_date", name="term"),
        Index("ix_help_project_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText, description="where it is offered")
    need: str = Field(sa_type=Text, description="what it is for")
    title: str = Field(sa_type=Text)
    provider: str = Field(sa_type=Text)
    from_date: date
    to_date: date | None = None
