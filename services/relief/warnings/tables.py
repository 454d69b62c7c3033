"""Facts about families, their levels, and the warnings that follow. Kinds, days and amounts are plain, for all
families are gone through at once; what people wrote about somebody's health or need is sealed."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.relief.base import Base
from services.relief.warnings.rules import DISPOSALS, LEVELS, RECORDED, STATES
from shared.db.tables import AreaCodeText, Rows


def _one_of(column: str, values: Any) -> str:
    return f"{column} in ({', '.join(repr(value) for value in values)})"


class FamilyFact(Base, table=True):
    """Something that happened to a family or to one of its members: from a day, to a day where it is over. What was
    recorded in error is withdrawn, never changed."""

    __tablename__ = "family_fact"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("kind", RECORDED), name="kind"),
        CheckConstraint("until >= since", name="term"),
        Index("ix_family_fact_household", "household_id", "id"),
        Index("ix_family_fact_person", "person_id", postgresql_where="person_id <> '' and withdrawn_at is null"),
        Index("uq_family_fact_source", "source", "source_ref", unique=True, postgresql_where="source_ref <> ''"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    person_id: str = Field(default="", sa_type=Text, description="the member it is about; '' for the family")
    kind: str = Field(sa_type=Text)
    since: date
    until: date | None = Field(default=None, description="last day")
    source: str = Field(sa_type=Text, description="who says so: a department, the village, the hotline")
    source_ref: str = Field(default="", sa_type=Text, description="its number there")
    detail: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = Field(default="", sa_type=Text)


class FamilyLevel(Base, table=True):
    """The level a family stands at since its last change."""

    __tablename__ = "family_level"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("level", LEVELS), name="level"),
        Index("ix_family_level_area", "area_code", "household_id", postgresql_where="level <> 'GREEN'"),
    )

    household_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    level: str = Field(sa_type=Text)
    points: int = Field(sa_type=SmallInteger)
    kinds: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False), description="what counts, sorted")
    since: date = Field(description="of this level")
    clear_since: date | None = Field(default=None, description="RED: first evaluation below RED")


class FamilyWarning(Base, table=True):
    """One alarm about one family, until it is dealt with and its ground is gone (state machine 7). `facts` with rule,
    version and parameters explain it by replay."""

    __tablename__ = "warning"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_one_of("level", LEVELS), name="level"),
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("disposal = '' or " + _one_of("disposal", DISPOSALS), name="disposal"),
        CheckConstraint("holder in ('TOWN_CLERK', 'TOWN_LEADER', 'DISTRICT_OFFICER')", name="holder"),
        CheckConstraint("(state = 'CLOSED') = (closed_at is not null)", name="closed"),
        Index("uq_warning_open", "household_id", unique=True, postgresql_where="state <> 'CLOSED'"),
        Index("ix_warning_household", "household_id", "id"),
        Index("ix_warning_area", "area_code", "id"),
        Index("ix_warning_due", "act_due_at", "id", postgresql_where="state <> 'CLOSED'"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    level: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    holder: str = Field(sa_type=Text, description="whose turn it is; moves up when a limit runs out")
    round: int = Field(sa_type=SmallInteger, description="how often it has called for action")
    points: int = Field(sa_type=SmallInteger)
    kinds: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    facts: dict[str, Any] = Field(sa_type=JSONB)
    rule: str = Field(sa_type=Text)
    rule_version: int = Field(sa_type=SmallInteger)
    parameter_set: str = Field(sa_type=Text)
    found_on: date = Field(description="the day it was evaluated for")
    found_level: str = Field(sa_type=Text, description="what the rule said; a RED level may stand on for a while")
    raised_at: datetime
    act_due_at: datetime = Field(description="limit of the first action, first instant too late")
    dispose_due_at: datetime
    reminded_at: datetime | None = None
    visited_at: datetime | None = None
    visited_by: str = Field(default="", sa_type=Text)
    has_offered_relief: bool | None = Field(default=None, description="RED: urgent relief offered on the spot")
    disposed_at: datetime | None = None
    disposed_by: str = Field(default="", sa_type=Text)
    disposal: str = Field(default="", sa_type=Text)
    department: str = Field(default="", sa_type=Text, description="where it was referred to")
    remark: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    closed_at: datetime | None = None
    version: int = 1


class WarningChange(Base, table=True):
    """A step of a warning: its state, level or holder changed."""

    __tablename__ = "warning_change"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", appended=True)
    __table_args__: ClassVar[Any] = (Index("ix_warning_change_warning", "warning_id", "seq"),)

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    warning_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    at: datetime
    by: str = Field(sa_type=Text)
    from_state: str = Field(sa_type=Text)
    to_state: str = Field(sa_type=Text)
    from_level: str = Field(sa_type=Text)
    to_level: str = Field(sa_type=Text)
    holder: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)


class WarningRun(Base, table=True):
    """One evaluation of all families, worked off in key ranges. It goes on where it stopped."""

    __tablename__ = "warning_run"
    __scopes__: ClassVar[Rows] = Rows(everyone=True)
    __table_args__: ClassVar[Any] = (
        Index("uq_warning_run_open", "day", unique=True, postgresql_where="ended_at is null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    day: date
    started_at: datetime
    started_by: str = Field(sa_type=Text)
    reached: str = Field(default="", sa_type=Text, description="last household evaluated")
    ranges: int = 0
    families: int = 0
    changes: int = Field(default=0, description="families whose level or facts changed")
    calls: int = Field(default=0, description="warnings raised, or raised further")
    ended_at: datetime | None = None
