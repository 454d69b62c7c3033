"""Moves a running matter to another version of its definition: explicit, and shown before it is done. Pure.

Nothing is rewritten. The same actions are read with the other definition; `plan` says what that would change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.onething.actions import Action, ActionKind
from shared.onething.definition import Definition
from shared.onething.due import Calendar
from shared.onething.fold import state
from shared.onething.state import MatterState, TaskState, TaskStatus

_BEGUN = frozenset({TaskStatus.SENT, TaskStatus.FAILED, TaskStatus.RETRY, TaskStatus.MANUAL, TaskStatus.DONE})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference the move makes. `before`/`after` are None where the task is not there."""

    task: str
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """A dry run. With `refusals` the move is not made."""

    from_version: int
    to_version: int
    changes: tuple[Change, ...]
    refusals: tuple[str, ...]
    before: MatterState
    after: MatterState

    @property
    def is_possible(self) -> bool:
        return not self.refusals


def plan(
    actions: Sequence[Action],
    old: Definition,
    new: Definition,
    now: datetime,
    calendar: Calendar | None = None,
) -> MigrationPlan:
    """What moving the matter from `old` to `new` would change, and why it may not be done."""
    before, after = state(actions, old, now, calendar), state(actions, new, now, calendar)
    return MigrationPlan(
        old.version,
        new.version,
        tuple(_changes(before, after)),
        tuple(_refusals(actions, old, new, before, after)),
        before,
        after,
    )


def _refusals(
    actions: Sequence[Action], old: Definition, new: Definition, before: MatterState, after: MatterState
) -> list[str]:
    if old.id != new.id:
        return [f"“{old.title}”的事项不能改用“{new.title}”的定义"]
    if old.version == new.version:
        return ["该事项已经使用这个版本"]
    found = []
    if before.ending is not None:
        found.append("事项已终止或撤销，不能更换版本")
    if before.is_closed:
        found.append("事项已办结，不能更换版本")
    for task_id, task in before.tasks.items():
        title = old.tasks_by_id[task_id].title
        if task.status not in _BEGUN:
            continue
        if task_id not in after.tasks:
            found.append(f"{task_id} {title}：新版本没有这个已开始办理的任务")
        elif task.status is TaskStatus.DONE and after.tasks[task_id].status is not TaskStatus.DONE:
            found.append(f"{task_id} {title}：已办结的任务在新版本中将不再办结")
        elif new.tasks_by_id[task_id].kind is not old.tasks_by_id[task_id].kind and task.status is not TaskStatus.DONE:
            found.append(f"{task_id} {title}：正在办理的任务在新版本中改变了办理方式")
    found.extend(
        f"里程碑“{old.milestones_by_id[milestone].title}”已经达成，新版本没有"
        for milestone in before.milestones
        if milestone in old.milestones_by_id and milestone not in new.milestones_by_id
    )
    stray = {action.data["kind"] for action in actions if action.kind is ActionKind.EVIDENCE} - new.evidence.keys()
    found.extend(f"新版本不认可已提交的证据：{kind}" for kind in sorted(stray))
    return found


def _changes(before: MatterState, after: MatterState) -> list[Change]:
    found = []
    if before.status != after.status:
        found.append(Change("", "status", before.status, after.status))
    for task_id in [*before.tasks, *(added for added in after.tasks if added not in before.tasks)]:
        old, new = before.tasks.get(task_id), after.tasks.get(task_id)
        for what in ("status", "mandatory", "due"):
            shown_old, shown_new = _shown(old, what), _shown(new, what)
            if shown_old != shown_new:
                found.append(Change(task_id, what, shown_old, shown_new))
    return found


def _shown(task: TaskState | None, what: str) -> str | None:
    if task is None:
        return None
    if what == "due":
        return task.due.at.isoformat() if task.due else None
    return str(getattr(task, what))
