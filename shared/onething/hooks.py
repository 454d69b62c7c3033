"""What a service adds to the engine: its outgoing calls, its events, its words to the family."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.db.unit import UnitOfWork
from shared.onething.definition import Task
from shared.onething.state import TaskState, TaskStatus
from shared.onething.tables import Matter


@dataclass(frozen=True, slots=True)
class Participant:
    """Who may follow a matter, and as what (`spouse`, `applicant`)."""

    person_id: str
    relation: str


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What one step did to one task."""

    task: Task
    before: TaskState | None
    after: TaskState

    @property
    def moved(self) -> bool:
        """Its status changed; otherwise it was warned, became overdue, was escalated or needs a human."""
        return self.before is None or self.before.status is not self.after.status

    @property
    def is_news(self) -> bool:
        """Worth telling: not that a due date is computed or a reason changed."""
        if self.before is None:
            return self.after.status is not TaskStatus.WAITING
        told = ("status", "needs_human", "warned_at", "overdue_at", "escalated_at")
        return any(getattr(self.before, name) != getattr(self.after, name) for name in told)


async def _no_call(unit: UnitOfWork, matter: Matter, task: Task) -> str | None:
    return None


async def _no_word(unit: UnitOfWork, matter: Matter, change: TaskChange) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a service does for its matters, inside the same unit of work.

    `on_ready` places the outgoing call of a `call` task and returns its id: the task is then SENT. `on_undo` does the
    same for a compensation of kind `call`; a call still under way is the service's to cancel. Both come again when a
    person has the task retried: the key of the call should be `<matter>/<task>`. Returning None leaves the task for
    later. `on_change` hears every change of a task (`before` is None when the matter was just opened or the task came
    with a new version), to emit the service's event and to write to the family. All run as the system.
    """

    on_ready: Callable[[UnitOfWork, Matter, Task], Awaitable[str | None]] = _no_call
    on_undo: Callable[[UnitOfWork, Matter, Task], Awaitable[str | None]] = _no_call
    on_change: Callable[[UnitOfWork, Matter, TaskChange], Awaitable[None]] = _no_word
