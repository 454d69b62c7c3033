"""What the state of a matter allows, action by action. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.onething.actions import ActionKind
from shared.onething.definition import OPENED, Definition, Kind, Task
from shared.onething.results import FieldFault
from shared.onething.state import IN_WORK, MatterState, TaskState, TaskStatus


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stable code and the sentence for the person; `fields` when the content is wrong, not the state."""

    code: str
    detail: str
    fields: tuple[FieldFault, ...] = ()


_ENDED = Refusal("matter_ended", "该事项已终止或撤销，不能再办理")
_NOT_OPEN = Refusal("matter_not_open", "该事项尚未受理")
_NOT_READY = Refusal("task_not_ready", "该任务的前置条件尚未满足")
_DONE = Refusal("task_already_done", "该任务已办结")
_NOT_RUNNING = Refusal("task_not_running", "该任务当前状态不允许此操作")


def refusal_of_state(
    state: MatterState, definition: Definition, kind: ActionKind, task_id: str | None
) -> Refusal | None:
    """What the state alone says to an action of this kind."""
    if kind is ActionKind.OPENED:
        return Refusal("matter_already_open", "该事项已受理") if state.actions else None
    if OPENED not in state.milestones:
        return _NOT_OPEN
    if task_id is None:
        return MATTER_RULES[kind](state, definition)
    return TASK_RULES[kind](state, definition.tasks_by_id[task_id], state.tasks[task_id])


# ── the matter ────────────────────────────────────────────────────────────────────────────────────


def _while_open(state: MatterState, _definition: Definition) -> Refusal | None:
    return _ENDED if state.ending else None


def _always(_state: MatterState, _definition: Definition) -> Refusal | None:
    """Other services' answers are kept whatever happened to the matter meanwhile."""
    return None


def _evidence_withdrawn(state: MatterState, definition: Definition) -> Refusal | None:
    if state.ending:
        return _ENDED
    if definition.clock in state.milestones:
        return Refusal("matter_confirmed", "事项已确认，证据不能撤回；如属误报请申请撤销")
    return None if state.evidence else Refusal("no_evidence", "没有可撤回的证据")


def _dismissed(state: MatterState, definition: Definition) -> Refusal | None:
    if state.ending:
        return _ENDED
    if definition.clock in state.milestones and definition.clock != OPENED:
        return Refusal("matter_confirmed", "事项已确认，不能直接终止；如属误报请申请撤销")
    return None


def _revoking(state: MatterState, definition: Definition) -> Refusal | None:
    if state.ending:
        return _ENDED
    if definition.clock not in state.milestones:
        return Refusal("matter_not_confirmed", "事项尚未确认，无需撤销")
    return None


def _follow_up(state: MatterState, _definition: Definition) -> Refusal | None:
    if state.ending:
        return _ENDED
    if state.is_closed or state.followed_up_at:
        return Refusal("already_followed_up", "该事项已办结或已催办")
    return None


MATTER_RULES: Mapping[ActionKind, Callable[[MatterState, Definition], Refusal | None]] = {
    ActionKind.FACT_SET: _while_open,
    ActionKind.MILESTONE: _while_open,
    ActionKind.EVIDENCE: _while_open,
    ActionKind.EVIDENCE_WITHDRAWN: _evidence_withdrawn,
    ActionKind.ANSWER_RECEIVED: _always,
    ActionKind.FOLLOW_UP: _follow_up,
    ActionKind.DISMISSED: _dismissed,
    ActionKind.REVOKING: _revoking,
    ActionKind.MIGRATED: _while_open,
}


# ── a task ────────────────────────────────────────────────────────────────────────────────────────


def _unfinished(state: MatterState, found: TaskState) -> Refusal | None:
    if state.ending:
        return _ENDED
    if found.status is TaskStatus.DONE:
        return _DONE
    return _NOT_RUNNING if found.status in (TaskStatus.SKIPPED, TaskStatus.WAIVED) else None


def _completed(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
    if problem := _unfinished(state, found):
        return problem
    if found.status is TaskStatus.WAITING:
        return _NOT_READY
    if task.kind is Kind.HUMAN or found.status is TaskStatus.MANUAL:
        return None
    return Refusal("task_waits_for_answer", "该任务正在等待对方办理结果，转人工后方可手工办结")


def _call(*statuses: TaskStatus) -> Callable[[MatterState, Task, TaskState], Refusal | None]:
    def rule(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
        if task.kind is not Kind.CALL:
            return Refusal("task_is_no_call", "该任务不通过外部接口办理")
        if problem := _unfinished(state, found):
            return problem
        if found.status is TaskStatus.WAITING:
            return _NOT_READY
        return None if found.status in statuses else _NOT_RUNNING

    return rule


def _call_answered(_state: MatterState, task: Task, _found: TaskState) -> Refusal | None:
    """An answer from outside is a fact, however late."""
    return None if task.kind is Kind.CALL else Refusal("task_is_no_call", "该任务不通过外部接口办理")


def _sent_to_manual(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
    if problem := _unfinished(state, found):
        return problem
    if found.status is TaskStatus.WAITING:
        return _NOT_READY
    return _NOT_RUNNING if task.kind is Kind.HUMAN or found.status is TaskStatus.MANUAL else None


def _waived(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
    if task.mandatory:
        return Refusal("task_mandatory", "该任务为必办事项，不能放弃")
    if problem := _unfinished(state, found):
        return problem
    if task.kind is Kind.ANSWER or found.status in (TaskStatus.SENT, TaskStatus.RETRY):
        return Refusal("task_running", "该任务正在由相关部门办理，不能放弃")
    return None


def _material_received(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
    if not task.materials:
        return Refusal("material_unknown", "该任务不需要材料")
    return _unfinished(state, found)


def _appointed(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
    if task.limit != "appointed":
        return Refusal("task_not_appointed", "该任务不需要约定日期")
    return _unfinished(state, found)


def _once(seen: Callable[[TaskState], object]) -> Callable[[MatterState, Task, TaskState], Refusal | None]:
    def rule(state: MatterState, _task: Task, found: TaskState) -> Refusal | None:
        if state.ending:
            return _ENDED
        return None if found.status in IN_WORK and not seen(found) else _NOT_RUNNING

    return rule


def _attended(_state: MatterState, _task: Task, found: TaskState) -> Refusal | None:
    is_late = found.status is TaskStatus.DONE and found.needs_human
    return None if is_late else Refusal("nothing_to_attend", "该任务没有待人工处理的事项")


def _undoing(_state: MatterState, _task: Task, found: TaskState) -> Refusal | None:
    if found.status is TaskStatus.COMPENSATED:
        return Refusal("task_already_compensated", "该任务已完成撤销")
    if found.status is not TaskStatus.COMPENSATING:
        return Refusal("task_not_compensating", "该任务不在撤销过程中")
    return None


def _undoing_call(state: MatterState, task: Task, found: TaskState) -> Refusal | None:
    if task.undo.kind != "call":
        return Refusal("task_is_no_call", "该任务的撤销不通过外部接口办理")
    return _undoing(state, task, found)


TASK_RULES: Mapping[ActionKind, Callable[[MatterState, Task, TaskState], Refusal | None]] = {
    ActionKind.COMPLETED: _completed,
    ActionKind.CALL_SENT: _call(TaskStatus.READY, TaskStatus.FAILED, TaskStatus.RETRY),
    ActionKind.CALL_ANSWERED: _call_answered,
    ActionKind.CALL_FAILED: _call(TaskStatus.READY, TaskStatus.SENT, TaskStatus.RETRY),
    ActionKind.RETRIED: _call(TaskStatus.FAILED, TaskStatus.RETRY, TaskStatus.MANUAL),
    ActionKind.SENT_TO_MANUAL: _sent_to_manual,
    ActionKind.WAIVED: _waived,
    ActionKind.MATERIAL_RECEIVED: _material_received,
    ActionKind.APPOINTED: _appointed,
    ActionKind.WARNED: _once(lambda found: found.warned_at),
    ActionKind.OVERDUE: _once(lambda found: found.overdue_at),
    ActionKind.ESCALATED: _once(lambda found: found.escalated_at),
    ActionKind.ATTENDED: _attended,
    ActionKind.COMPENSATION_SENT: _undoing_call,
    ActionKind.COMPENSATION_ANSWERED: _undoing_call,
    ActionKind.COMPENSATION_FAILED: _undoing_call,
    ActionKind.COMPENSATED: _undoing,
}
