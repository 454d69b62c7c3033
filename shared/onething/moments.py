"""What time itself does to a matter: warnings, overdue tasks, escalation, the follow-up of a matter left open. Pure.

A matter needs one timer only, for its next moment. When it fires, `pending` says what is to be recorded at that
instant; what is recorded is not pending any more, so everything happens once, also when the clock jumped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.onething.actions import ActionKind
from shared.onething.definition import Definition
from shared.onething.due import Calendar, due
from shared.onething.state import IN_WORK, MatterState, TaskState


class Moment(NamedTuple):
    at: datetime
    kind: ActionKind
    task: str


def moments(state: MatterState, definition: Definition, calendar: Calendar) -> list[Moment]:
    """Everything time will do if nobody acts, earliest first. A warning that was missed because the task was
    overdue before anybody looked is left out."""
    if state.ending is not None:
        return []
    found = [moment for task in state.tasks.values() for moment in _of_task(task, definition, calendar)]
    if state.follow_up_due is not None and not (state.is_closed or state.followed_up_at):
        found.append(Moment(state.follow_up_due.at, ActionKind.FOLLOW_UP, ""))
    return sorted(found)


def pending(state: MatterState, definition: Definition, now: datetime, calendar: Calendar) -> list[Moment]:
    """What is to be recorded at `now`."""
    due_now = [moment for moment in moments(state, definition, calendar) if moment.at <= now]
    overdue = {moment.task for moment in due_now if moment.kind is ActionKind.OVERDUE}
    return [moment for moment in due_now if moment.kind is not ActionKind.WARNED or moment.task not in overdue]


def next_moment(state: MatterState, definition: Definition, now: datetime, calendar: Calendar) -> datetime | None:
    """When time has something to do again; an instant in the past means now."""
    found = moments(state, definition, calendar)
    return max(found[0].at, now) if found else None


def _of_task(task: TaskState, definition: Definition, calendar: Calendar) -> Iterator[Moment]:
    if task.due is None or task.status not in IN_WORK:
        return
    if task.overdue_at is None:
        if task.warned_at is None and task.due.warn_at is not None:
            yield Moment(task.due.warn_at, ActionKind.WARNED, task.id)
        yield Moment(task.due.at, ActionKind.OVERDUE, task.id)
    if task.escalated_at is None and definition.escalation is not None:
        rule = definition.escalation
        # Counted from the last instant in time, so that the first late day is the first day counted.
        last_instant = task.due.at - timedelta(microseconds=1)
        late = due(last_instant, rule.limit, calendar, warn_percent=definition.warn_at_percent)
        yield Moment(late.at, ActionKind.ESCALATED, task.id)
