"""From the working fold to the value a reader gets, with due dates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shared.onething.definition import READY, Limit
from shared.onething.due import Calendar, Due, DueState, due, due_on
from shared.onething.state import IN_WORK, MatterState, Progress, TaskState, TaskStatus
from shared.onething.task_fold import TaskFold

if TYPE_CHECKING:
    from shared.onething.fold import MatterFold


def view(fold: MatterFold, now: datetime, calendar: Calendar | None) -> MatterState:
    """The state at `now`."""
    tasks = {task_id: _task(fold, task, now, calendar) for task_id, task in fold.tasks.items()}
    counted = [task for task in tasks.values() if task.status not in (TaskStatus.SKIPPED, TaskStatus.WAIVED)]
    # Of an ended matter: what has been undone of what must be.
    done = [task for task in counted if task.status in (TaskStatus.DONE, TaskStatus.COMPENSATED)]
    status, is_closed = fold.definition.initial_state, False
    for milestone in fold.definition.milestones:
        if milestone.id in fold.milestones:
            status, is_closed = milestone.state, is_closed or milestone.closes
    return MatterState(
        status=fold.ending.value if fold.ending else status,
        milestones=dict(fold.milestones),
        facts=dict(fold.facts),
        tasks=tasks,
        progress=Progress(
            len(done),
            len(counted),
            sum(task.mandatory for task in done),
            sum(task.mandatory for task in counted),
        ),
        actions=fold.actions,
        ending=fold.ending,
        is_closed=is_closed,
        evidence=dict(fold.evidence),
        unplaced=tuple(fold.unplaced),
        followed_up_at=fold.followed_up_at,
        follow_up_due=_follow_up_due(fold, calendar),
    )


def _task(fold: MatterFold, task: TaskFold, now: datetime, calendar: Calendar | None) -> TaskState:
    when_due = _due(fold, task, calendar)
    # A done task stays as late as it was.
    moment = task.settled_at if task.status is TaskStatus.DONE and task.settled_at else now
    return TaskState(
        id=task.task.id,
        status=task.status,
        mandatory=task.task.mandatory,
        waiting_for=task.waiting_for,
        ready_at=task.ready_at,
        settled_at=task.settled_at,
        settled_by=task.settled_by,
        outcome=task.outcome,
        result=dict(task.result),
        reason=task.reason,
        attempts=task.attempts,
        retry_at=task.retry_at,
        awaited=_awaited(task),
        effects=tuple(effect for held in task.answers.values() for effect in held.values()),
        materials=tuple(sorted(task.materials)),
        appointed_on=task.appointed_on,
        needs_human=_needs_human(task),
        due=when_due,
        due_state=when_due.state_at(moment) if when_due else DueState.NONE,
        warned_at=task.warned_at,
        overdue_at=task.overdue_at,
        escalated_at=task.escalated_at,
    )


def _awaited(task: TaskFold) -> tuple[str, ...]:
    if task.status is TaskStatus.COMPENSATING:
        return task.missing(task.task.undo.waits_for)
    if task.status in (TaskStatus.WAITING, TaskStatus.SENT):
        return task.missing(task.task.waits_for)
    return ()


def _needs_human(task: TaskFold) -> bool:
    undoing = task.status is TaskStatus.COMPENSATING and task.undo_for_human
    return task.status is TaskStatus.MANUAL or undoing or task.came_too_late


def _due(fold: MatterFold, task: TaskFold, calendar: Calendar | None) -> Due | None:
    limit = task.task.limit
    runs = task.ready_at is not None and (task.status in IN_WORK or task.status is TaskStatus.DONE)
    if limit is None or not runs:
        return None
    if isinstance(limit, str):
        return due_on(task.appointed_on) if task.appointed_on else None
    start = _clock(fold, limit, task)
    if start is None or calendar is None:
        return None
    return due(start, limit, calendar, warn_percent=fold.definition.warn_at_percent)


def _clock(fold: MatterFold, limit: Limit, task: TaskFold) -> datetime | None:
    clock = limit.clock or fold.definition.clock
    if clock == READY:
        return task.ready_at
    if "." in clock:
        other, name = clock.split(".", 1)
        value = fold.tasks[other].result.get(name)
        return datetime.fromisoformat(value) if value else None
    return fold.milestones.get(clock)


def _follow_up_due(fold: MatterFold, calendar: Calendar | None) -> Due | None:
    rule = fold.definition.follow_up
    start = fold.milestones.get(rule.clock) if rule else None
    if rule is None or start is None or calendar is None:
        return None
    return due(start, rule.limit, calendar, warn_percent=fold.definition.warn_at_percent)
