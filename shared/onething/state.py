"""The state of a matter: what a reader sees of the fold in `fold.py`. Values only, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from shared.onething.actions import Outcome
from shared.onething.due import Due, DueState


class TaskStatus(StrEnum):
    """Domain §8 row 31, and the two ways a task does not have to be done."""

    WAITING = "WAITING"
    READY = "READY"
    SENT = "SENT"
    FAILED = "FAILED"
    RETRY = "RETRY"
    MANUAL = "MANUAL"
    DONE = "DONE"
    SKIPPED = "SKIPPED"
    """Does not apply: by its facts, or because the matter ended before anything was done."""
    WAIVED = "WAIVED"
    COMPENSATING = "COMPENSATING"
    COMPENSATED = "COMPENSATED"


SETTLED = frozenset({TaskStatus.DONE, TaskStatus.SKIPPED, TaskStatus.WAIVED})
"""What lets the tasks behind it start."""
IN_WORK = frozenset({TaskStatus.READY, TaskStatus.SENT, TaskStatus.FAILED, TaskStatus.RETRY, TaskStatus.MANUAL})
"""Somebody has to do something: here limits run."""
UNDONE = frozenset({TaskStatus.SKIPPED, TaskStatus.WAIVED, TaskStatus.COMPENSATED})
"""What a revoked matter's tasks end as."""


class Ending(StrEnum):
    """How a matter ended before its goal. Its tasks are undone, nothing new starts."""

    DISMISSED = "DISMISSED"
    REVOKING = "REVOKING"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task. `waiting_for` says why it is WAITING: `T03`, `milestone:confirmed`, `fact:cremated`,
    `material:signature`. `effects` are what other services reported, forward and in reversal."""

    id: str
    status: TaskStatus
    mandatory: bool
    waiting_for: tuple[str, ...] = ()
    ready_at: datetime | None = None
    settled_at: datetime | None = None
    settled_by: str = ""
    outcome: Outcome | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    attempts: int = 0
    retry_at: datetime | None = None
    awaited: tuple[str, ...] = ()
    """Event types still to come, forward or — while COMPENSATING — back."""
    effects: tuple[Mapping[str, Any], ...] = ()
    materials: tuple[str, ...] = ()
    appointed_on: date | None = None
    needs_human: bool = False
    """A person must act: MANUAL, an undoing no system can do, or a service that asked for one too late."""
    due: Due | None = None
    due_state: DueState = DueState.NONE
    warned_at: datetime | None = None
    overdue_at: datetime | None = None
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of tasks that apply."""

    done: int
    total: int
    mandatory_done: int
    mandatory_total: int

    @property
    def percent(self) -> int:
        """Of the mandatory tasks; 100 only when all are done."""
        return 100 * self.mandatory_done // self.mandatory_total if self.mandatory_total else 100


@dataclass(frozen=True, slots=True)
class MatterState:
    """`status`: the state named by the last milestone reached, or an `Ending`. `actions`: number folded."""

    status: str
    milestones: Mapping[str, datetime]
    facts: Mapping[str, bool]
    tasks: Mapping[str, TaskState]
    progress: Progress
    actions: int
    ending: Ending | None = None
    is_closed: bool = False
    evidence: Mapping[str, str] = field(default_factory=dict)
    """Evidence in force: id → kind."""
    unplaced: tuple[Mapping[str, Any], ...] = ()
    """Effects for tasks this version does not have."""
    followed_up_at: datetime | None = None
    follow_up_due: Due | None = None

    @property
    def is_open(self) -> bool:
        """Opened and not dismissed or revoked. A closed matter is open: its optional tasks may go on."""
        return self.actions > 0 and self.ending is None

    @property
    def for_humans(self) -> tuple[str, ...]:
        """Tasks only a person can bring further."""
        return tuple(task.id for task in self.tasks.values() if task.needs_human)
