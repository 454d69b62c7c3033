"""A one-thing definition: which tasks a matter has, who owns them, when they start, how they are undone.

A definition is data (YAML, one file per version) and immutable once published: a running matter pins
`id`, `version` and `digest`. This module holds the shape; `reading.py` reads it, `check.py` judges whether a
well-shaped definition also makes sense, `registry.py` holds all loaded versions.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    field_validator,
    model_validator,
)

OPENED = "opened"
"""The milestone every matter reaches by being opened."""
READY = "ready"
"""The clock that starts when the task itself may start."""


class Kind(StrEnum):
    """Who brings a task to its end."""

    HUMAN = "human"
    ANSWER = "answer"
    """Waits for the answers of other services' events."""
    CALL = "call"
    """An operation of an outside department's adapter."""


class LimitUnit(StrEnum):
    WORKDAY = "WORKDAY"
    DAY = "DAY"
    HOUR = "HOUR"
    MINUTE = "MINUTE"


class FieldType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    """`2025-04-01`"""
    DATETIME = "datetime"
    """ISO 8601 with offset"""
    MONTH = "month"
    """`2025-04`"""
    MONEY = "money"
    """Yuan as a decimal string with two places, as everywhere in JSON."""
    CHOICE = "choice"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class When(_Part):
    """Facts that decide whether a task applies: all of `all`, at least one of `any`, none of `none`.

    In YAML a plain list means `all`. There is deliberately no expression language: what is more than
    this is a new named fact, computed in Python and tested there.
    """

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _list_means_all(cls, value: Any) -> Any:
        return {"all": value} if isinstance(value, list | tuple) else value

    @property
    def facts(self) -> tuple[str, ...]:
        return self.all + self.any + self.none


class Limit(_Part):
    """`amount` in `unit`, counted from `clock`: a milestone, `ready`, or `T02.field`, an instant in another
    task's result."""

    amount: PositiveInt
    unit: LimitUnit
    clock: str | None = None


class Material(_Part):
    """A paper the task needs. A required one keeps the task WAITING until it is there."""

    title: str = Field(min_length=1)
    source: Literal["exchange", "family"]
    required: bool = False


class ResultField(_Part):
    title: str = Field(min_length=1)
    type: FieldType
    required: bool = False
    choices: tuple[str, ...] = ()


class Compensation(_Part):
    """How a done task is undone when the matter is revoked. `none` must say why nothing is to be undone."""

    kind: Literal["answer", "call", "human", "none"]
    title: str = ""
    operation: str | None = None
    waits_for: tuple[str, ...] = ()
    reason: str = ""


class Fact(_Part):
    """A named boolean computed in Python. `assume` holds, once the task's start milestone is reached, until
    somebody says otherwise; without it the task waits for the fact."""

    title: str = Field(min_length=1)
    assume: bool | None = None


class Stage(_Part):
    id: str
    title: str = Field(min_length=1)


class Milestone(_Part):
    """Reached when the service signals it (`signal`), or by itself when `after`, `tasks` and — with
    `mandatory` — all mandatory tasks save `apart_from` are settled. The last reached one names the state."""

    id: str
    title: str = Field(min_length=1)
    state: str = Field(min_length=1)
    signal: bool = False
    after: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    mandatory: bool = False
    apart_from: tuple[str, ...] = ()
    closes: bool = False


class Roles(_Part):
    """Who sees a task and its result, who works on it, who may waive it."""

    see: tuple[str, ...] = Field(min_length=1)
    handle: tuple[str, ...] = Field(min_length=1)
    waive: tuple[str, ...] = ()


class Escalation(_Part):
    """So long after a task became overdue it goes to `to`."""

    amount: PositiveInt
    unit: LimitUnit
    to: str

    @cached_property
    def limit(self) -> Limit:
        return Limit(amount=self.amount, unit=self.unit)


class FollowUp(_Part):
    """A matter not closed so long after `clock` is looked into by `to`."""

    amount: PositiveInt
    unit: LimitUnit
    clock: str
    to: str

    @cached_property
    def limit(self) -> Limit:
        return Limit(amount=self.amount, unit=self.unit)


class Task(_Part):
    id: str
    title: str = Field(min_length=1)
    stage: str
    department: str
    kind: Kind
    does: str = ""
    start: str = OPENED
    """The milestone from which the task may start."""
    needs: tuple[str, ...] = ()
    """Tasks that must be settled (done, not applicable or waived) before."""
    when: When = When()
    mandatory: bool = False
    limit: Limit | Literal["appointed"] | None = None
    """`appointed`: on the date the family chooses."""
    evidence: tuple[str, ...] = ()
    """Kinds of evidence that complete the task whatever its state."""
    waits_for: tuple[str, ...] = ()
    operation: str | None = None
    materials: dict[str, Material] = Field(default_factory=dict)
    result: dict[str, ResultField] = Field(default_factory=dict)
    compensation: Compensation | None = None
    guide: str = ""
    """What the family reads: where to go, what to bring."""
    roles: Roles | None = None
    law: str = Field(min_length=1)

    @field_validator("when", mode="before")
    @classmethod
    def _no_condition(cls, value: Any) -> Any:
        return value if value is not None else {}

    @property
    def undo(self) -> Compensation:
        """The compensation; a checked definition always has one."""
        return self.compensation or Compensation(kind="human", title=f"人工撤销：{self.title}")

    @cached_property
    def required_materials(self) -> frozenset[str]:
        return frozenset(key for key, material in self.materials.items() if material.required)


class Definition(_Part):
    """One version of a one-thing. Read it with `parse` or `parse_yaml`, which also fix the `digest`."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: PositiveInt
    title: str = Field(min_length=1)
    law: str = Field(min_length=1)
    clock: str = OPENED
    """The milestone from which limits count unless a task says otherwise. Before it a matter is dismissed,
    after it it is revoked."""
    initial_state: str = "OPEN"
    warn_at_percent: int = Field(default=70, ge=1, le=99)
    escalation: Escalation | None = None
    follow_up: FollowUp | None = None
    roles: Roles
    departments: dict[str, str]
    facts: dict[str, Fact] = Field(default_factory=dict)
    evidence: dict[str, str] = Field(default_factory=dict)
    stages: tuple[Stage, ...] = Field(min_length=1)
    milestones: tuple[Milestone, ...] = Field(min_length=1)
    tasks: tuple[Task, ...] = Field(min_length=1)
    digest: str = ""

    @cached_property
    def tasks_by_id(self) -> dict[str, Task]:
        return {task.id: task for task in self.tasks}

    @cached_property
    def milestones_by_id(self) -> dict[str, Milestone]:
        return {milestone.id: milestone for milestone in self.milestones}

    @cached_property
    def events(self) -> frozenset[str]:
        """Event types a matter of this version waits for, forward and in reversal."""
        return frozenset(
            event
            for task in self.tasks
            for event in task.waits_for + (task.undo.waits_for if task.compensation else ())
        )

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.version

    def roles_of(self, task: Task) -> Roles:
        return task.roles or self.roles

    def tasks_of(self, milestone: Milestone) -> frozenset[str]:
        """The tasks that must be settled for a milestone."""
        return self._tasks_of[milestone.id]

    @cached_property
    def _tasks_of(self) -> dict[str, frozenset[str]]:
        mandatory = {task.id for task in self.tasks if task.mandatory}
        return {
            milestone.id: frozenset(milestone.tasks)
            | (mandatory - set(milestone.apart_from) if milestone.mandatory else frozenset())
            for milestone in self.milestones
        }

    def behind(self, task_id: str) -> tuple[str, ...]:
        """The tasks that need this one."""
        return self._behind[task_id]

    @cached_property
    def _behind(self) -> dict[str, tuple[str, ...]]:
        return {task.id: tuple(other.id for other in self.tasks if task.id in other.needs) for task in self.tasks}

    def tasks_for_evidence(self, kind: str) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if kind in task.evidence)
