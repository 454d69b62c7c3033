"""One task's part of the fold: what each action does to it, forward and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.definition import Kind, Task
from shared.onething.state import IN_WORK, TaskStatus


@dataclass(slots=True)
class TaskFold:
    """Mutable while folding; `view.py` makes the value a reader gets."""

    task: Task
    status: TaskStatus = TaskStatus.WAITING
    is_settled: bool = False
    """As far as the tasks behind it know; the fold tells them when it changes."""
    waiting_for: tuple[str, ...] = ()
    ready_at: datetime | None = None
    settled_at: datetime | None = None
    settled_by: str = ""
    outcome: Outcome | None = None
    result: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    attempts: int = 0
    retry_at: datetime | None = None
    was_called: bool = False
    """A call went out: it may have been carried out over there, whatever came back."""
    answers: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = field(default_factory=dict)
    """Per event type the effects named for this task; an empty one means "nothing to do"."""
    by_evidence: set[str] = field(default_factory=set)
    materials: dict[str, str] = field(default_factory=dict)
    appointed_on: date | None = None
    undo_for_human: bool = False
    came_too_late: bool = False
    """A service asked for a human after the task was done."""
    warned_at: datetime | None = None
    overdue_at: datetime | None = None
    escalated_at: datetime | None = None

    @property
    def is_gated(self) -> bool:
        """True while facts, needs and milestones still decide its status."""
        if self.status in (TaskStatus.WAITING, TaskStatus.SKIPPED):
            return True
        started = TaskStatus.SENT if self.task.kind is Kind.ANSWER else TaskStatus.READY
        return self.status is started and not self.was_called

    def start(self, at: datetime) -> None:
        """The gate is open."""
        self.status = TaskStatus.SENT if self.task.kind is Kind.ANSWER else TaskStatus.READY
        self.waiting_for = ()
        self.ready_at = self.ready_at or at

    def finish(self, action: Action, status: TaskStatus, outcome: Outcome | None = None) -> None:
        self.status, self.outcome = status, outcome
        self.settled_at, self.settled_by = action.at, action.by
        self.retry_at, self.waiting_for, self.undo_for_human = None, (), False

    # ── answers of other services ─────────────────────────────────────────────────────────────

    def hear(self, source: str, effects: Iterable[Mapping[str, Any]]) -> None:
        """Keep what a service said; a later word on the same object replaces the earlier one."""
        held = self.answers.setdefault(source, {})
        held.update({(effect.get("kind", ""), effect.get("object", "")): effect for effect in effects})

    def missing(self, expected: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(source for source in expected if source not in self.answers)

    def forward_effects(self) -> list[Mapping[str, Any]]:
        back = self.task.undo.waits_for
        return [effect for source, held in self.answers.items() if source not in back for effect in held.values()]

    def has_consequences(self) -> bool:
        """Something may have happened outside this matter that would have to be undone."""
        return self.was_called or any(
            effect.get("outcome") != Outcome.NOTHING_TO_DO for effect in self.forward_effects()
        )

    def gather(self, action: Action) -> None:
        """Once every awaited service has answered, the task is done or a human's, whatever its state was."""
        waits = self.task.waits_for
        if not waits or self.status in (TaskStatus.DONE, TaskStatus.WAIVED) or self.missing(waits):
            return
        if _asks_for_human(self.forward_effects()):
            self.status, self.waiting_for = TaskStatus.MANUAL, ()
            self.ready_at = self.ready_at or action.at
        else:
            self.finish(action, TaskStatus.DONE, Outcome.DONE if self.has_consequences() else Outcome.NOTHING_TO_DO)

    def gather_back(self, action: Action) -> None:
        """The same for the answers of a reversal."""
        back = self.task.undo.waits_for
        if self.status is not TaskStatus.COMPENSATING or self.task.undo.kind != "answer":
            return
        self.undo_for_human = _asks_for_human(
            effect for source in back for effect in self.answers.get(source, {}).values()
        )
        if not self.undo_for_human and not self.missing(back):
            self.finish(action, TaskStatus.COMPENSATED, self.outcome)

    # ── the way back ──────────────────────────────────────────────────────────────────────────

    def end(self, action: Action) -> None:
        """The matter is dismissed or revoked: undo what was done, drop what was not begun."""
        if self.status is TaskStatus.WAIVED:
            return
        was_asked = self.task.kind is Kind.ANSWER and self.status in (TaskStatus.SENT, TaskStatus.MANUAL)
        if self.status is TaskStatus.DONE or was_asked or self.has_consequences():
            self.start_undoing(action)
        else:
            self.status, self.waiting_for, self.retry_at = TaskStatus.SKIPPED, (), None

    def start_undoing(self, action: Action) -> None:
        undo = self.task.undo
        did_nothing = self.outcome is Outcome.NOTHING_TO_DO and undo.kind != "answer"
        self.came_too_late = False
        if undo.kind == "none" or did_nothing:
            self.finish(action, TaskStatus.COMPENSATED, self.outcome)
        else:
            self.status = TaskStatus.COMPENSATING
            self.settled_at, self.settled_by = None, ""
            self.retry_at, self.waiting_for = None, ()
            self.undo_for_human = undo.kind == "human"

    def withdraw(self, evidence_id: str) -> None:
        """The paper that completed the task is void; without another one it is behind its gate again."""
        self.by_evidence.discard(evidence_id)
        if self.by_evidence or self.status is not TaskStatus.DONE:
            return
        self.settled_at, self.settled_by, self.outcome, self.result = None, "", None, {}
        if self.was_called:
            self.status = TaskStatus.SENT
        else:
            self.status, self.ready_at = TaskStatus.WAITING, None


def _asks_for_human(effects: Iterable[Mapping[str, Any]]) -> bool:
    return any(effect.get("outcome") == Outcome.NEEDS_HUMAN for effect in effects)


# ── what each action does; `ended`: the matter was dismissed or revoked before ────────────────────


def _completed(task: TaskFold, action: Action, ended: bool) -> None:
    if not ended and task.status in IN_WORK:
        task.result, task.reason = dict(action.data["result"]), action.data["reason"]
        task.finish(action, TaskStatus.DONE, Outcome(action.data["outcome"]))


def _call_sent(task: TaskFold, action: Action, ended: bool) -> None:
    task.was_called = True
    if not ended and task.status in IN_WORK:
        task.status, task.retry_at = TaskStatus.SENT, None
        task.attempts += 1
    elif task.status is TaskStatus.SKIPPED:
        task.start_undoing(action)


def _call_answered(task: TaskFold, action: Action, ended: bool) -> None:
    task.was_called = True
    if ended or task.status in (TaskStatus.DONE, TaskStatus.WAIVED):
        # The call was overtaken: by evidence, by a person, by the end of the matter.
        task.result = task.result or dict(action.data["result"])
        if ended and task.status is TaskStatus.SKIPPED:
            task.start_undoing(action)
        return
    task.result, task.reason = dict(action.data["result"]), action.data["reason"]
    outcome = Outcome(action.data["outcome"])
    if outcome is Outcome.NEEDS_HUMAN:
        task.status, task.retry_at, task.waiting_for = TaskStatus.MANUAL, None, ()
    else:
        task.finish(action, TaskStatus.DONE, outcome)


def _call_failed(task: TaskFold, action: Action, ended: bool) -> None:
    if not ended and task.status in IN_WORK - {TaskStatus.MANUAL}:
        task.was_called = True
        task.retry_at, task.reason = _instant(action.data["retryAt"]), action.data["reason"]
        task.status = TaskStatus.RETRY if task.retry_at else TaskStatus.FAILED


def _retried(task: TaskFold, _action: Action, ended: bool) -> None:
    if not ended and task.status in (TaskStatus.FAILED, TaskStatus.RETRY, TaskStatus.MANUAL):
        task.status, task.retry_at = TaskStatus.READY, None


def _sent_to_manual(task: TaskFold, action: Action, ended: bool) -> None:
    if not ended and task.status in IN_WORK:
        task.status, task.retry_at, task.reason = TaskStatus.MANUAL, None, action.data["reason"]


def _waived(task: TaskFold, action: Action, ended: bool) -> None:
    if not ended and task.status is not TaskStatus.DONE:
        task.reason = action.data["reason"]
        task.finish(action, TaskStatus.WAIVED)


def _attended(task: TaskFold, _action: Action, _ended: bool) -> None:
    task.came_too_late = False


def _material_received(task: TaskFold, action: Action, _ended: bool) -> None:
    task.materials[action.data["material"]] = action.data["fileId"]


def _appointed(task: TaskFold, action: Action, _ended: bool) -> None:
    task.appointed_on = date.fromisoformat(action.data["on"])


def _warned(task: TaskFold, action: Action, _ended: bool) -> None:
    task.warned_at = task.warned_at or action.at


def _overdue(task: TaskFold, action: Action, _ended: bool) -> None:
    task.overdue_at = task.overdue_at or action.at


def _escalated(task: TaskFold, action: Action, _ended: bool) -> None:
    task.escalated_at = task.escalated_at or action.at


def _compensation_sent(task: TaskFold, _action: Action, _ended: bool) -> None:
    if task.status is TaskStatus.COMPENSATING:
        task.attempts += 1


def _compensation_answered(task: TaskFold, action: Action, _ended: bool) -> None:
    if task.status is TaskStatus.COMPENSATING:
        task.reason = action.data["reason"]
        if action.data["outcome"] == Outcome.NEEDS_HUMAN:
            task.undo_for_human = True
        else:
            task.finish(action, TaskStatus.COMPENSATED, task.outcome)


def _compensation_failed(task: TaskFold, action: Action, _ended: bool) -> None:
    if task.status is TaskStatus.COMPENSATING:
        task.reason, task.retry_at = action.data["reason"], _instant(action.data["retryAt"])
        task.undo_for_human = task.undo_for_human or task.retry_at is None


def _compensated(task: TaskFold, action: Action, _ended: bool) -> None:
    if task.status is TaskStatus.COMPENSATING:
        task.reason = action.data["reason"]
        task.finish(action, TaskStatus.COMPENSATED, task.outcome)


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


TRANSITIONS: Mapping[ActionKind, Callable[[TaskFold, Action, bool], None]] = {
    ActionKind.COMPLETED: _completed,
    ActionKind.CALL_SENT: _call_sent,
    ActionKind.CALL_ANSWERED: _call_answered,
    ActionKind.CALL_FAILED: _call_failed,
    ActionKind.RETRIED: _retried,
    ActionKind.SENT_TO_MANUAL: _sent_to_manual,
    ActionKind.WAIVED: _waived,
    ActionKind.ATTENDED: _attended,
    ActionKind.MATERIAL_RECEIVED: _material_received,
    ActionKind.APPOINTED: _appointed,
    ActionKind.WARNED: _warned,
    ActionKind.OVERDUE: _overdue,
    ActionKind.ESCALATED: _escalated,
    ActionKind.COMPENSATION_SENT: _compensation_sent,
    ActionKind.COMPENSATION_ANSWERED: _compensation_answered,
    ActionKind.COMPENSATION_FAILED: _compensation_failed,
    ActionKind.COMPENSATED: _compensated,
}
