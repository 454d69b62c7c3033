"""Matters, their actions, and a projection of their tasks for lists."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows
from shared.onething.state import IN_WORK, TaskStatus

_ALL = "status in (" + ", ".join(f"'{status.value}'" for status in TaskStatus) + ")"
OPEN = tuple(sorted(status.value for status in {*IN_WORK, TaskStatus.COMPENSATING}))
"""Where somebody still has to do something."""
_OPEN = "status in (" + ", ".join(f"'{status}'" for status in OPEN) + ")"


class Matter(KernelBase, table=True):
    """An instance of a definition. Its id is the id of the case it is about; its row lock orders its actions.

    `status` and the counts repeat what the fold of `matter_action` says; `actions` is the version for `If-Match`.
    """

    __tablename__ = "matter"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("kernel.matter_participant", "id", "matter_id", "person_id")
    )
    __table_args__: ClassVar[Any] = (
        Index("ix_matter_area", "area_code", "id"),
        Index("ix_matter_person", "person_id"),
        Index("ix_matter_pinned", "definition_id", "version", "digest"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    definition_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=SmallInteger)
    digest: str = Field(sa_type=Text, description="of the pinned version: a definition never changes under a matter")
    person_id: str = Field(sa_type=Text, description="whom it is about")
    area_code: str = Field(sa_type=AreaCodeText)
    status: str = Field(sa_type=Text)
    is_closed: bool = False
    is_ended: bool = False
    mandatory_done: int = Field(default=0, sa_type=SmallInteger)
    mandatory_total: int = Field(default=0, sa_type=SmallInteger)
    actions: int = 0
    opened_at: datetime
    next_moment_at: datetime | None = Field(default=None, description="the timer that is set")


class MatterAction(KernelBase, table=True):
    """One entry of a matter's history; never changed, never removed."""

    __tablename__ = "matter_action"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code",
        person_via=("kernel.matter_participant", "matter_id", "matter_id", "person_id"),
        appended=True,
    )
    __table_args__: ClassVar[Any] = ({"schema": "kernel"},)

    matter_id: str = Field(sa_column_args=[ForeignKey("kernel.matter.id")], sa_type=Text, primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    task: str | None = Field(default=None, sa_type=Text)
    at: datetime
    by: str = Field(sa_type=Text)
    data: dict[str, Any] = Field(sa_type=JSONB)
    area_code: str = Field(sa_type=AreaCodeText)


class MatterTask(KernelBase, table=True):
    """How a task stands, for lists by department, area and state. `due_sort` is `due_at`, or the end of time for
    tasks without a limit, so that a page can be sorted by it."""

    __tablename__ = "matter_task"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("kernel.matter_participant", "matter_id", "matter_id", "person_id")
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint(_ALL, name="status"),
        Index("ix_matter_task_matter", "matter_id"),
        Index("ix_matter_task_open_area", "area_code", "due_sort", "id", postgresql_where=_OPEN),
        Index("ix_matter_task_open_due", "due_sort", "id", postgresql_where=_OPEN),
        Index(
            "ix_matter_task_open_department",
            "department",
            "due_sort",
            "id",
            postgresql_where=_OPEN,
        ),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True, description="<matter>/<task>")
    matter_id: str = Field(sa_column_args=[ForeignKey("kernel.matter.id")], sa_type=Text)
    task_id: str = Field(sa_type=Text)
    definition_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=SmallInteger)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    department: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    mandatory: bool
    needs_human: bool
    ready_at: datetime | None = None
    settled_at: datetime | None = None
    warn_at: datetime | None = None
    due_at: datetime | None = None
    due_on: date | None = None
    due_provisional: bool = False
    due_sort: datetime


class MatterParticipant(KernelBase, table=True):
    """A person who may follow a matter: family, heirs, the applicant."""

    __tablename__ = "matter_participant"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (Index("ix_matter_participant_person", "person_id"), {"schema": "kernel"})

    matter_id: str = Field(sa_column_args=[ForeignKey("kernel.matter.id")], sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text, primary_key=True)
    relation: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
