"""What the people of a matter read: its tasks as they may see them, and one timeline for family and clerk. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.onething.actions import Action, ActionKind
from shared.onething.availability import allowed, visible
from shared.onething.definition import Definition, Task
from shared.onething.due import DueState
from shared.onething.fold import MatterFold
from shared.onething.state import MatterState, TaskStatus

STATUS_WORDS: Mapping[TaskStatus, str] = {
    TaskStatus.WAITING: "等待",
    TaskStatus.READY: "待办",
    TaskStatus.SENT: "办理中",
    TaskStatus.FAILED: "失败",
    TaskStatus.RETRY: "待重试",
    TaskStatus.MANUAL: "转人工",
    TaskStatus.DONE: "已办结",
    TaskStatus.SKIPPED: "不涉及",
    TaskStatus.WAIVED: "已放弃",
    TaskStatus.COMPENSATING: "撤销中",
    TaskStatus.COMPENSATED: "已撤销",
}

_ACTION_WORDS: Mapping[ActionKind, str] = {
    ActionKind.OPENED: "受理",
    ActionKind.FACT_SET: "更新情形",
    ActionKind.EVIDENCE: "提交证据",
    ActionKind.EVIDENCE_WITHDRAWN: "撤回证据",
    ActionKind.ANSWER_RECEIVED: "收到部门办理结果",
    ActionKind.FOLLOW_UP: "超期未办结，转跟进",
    ActionKind.DISMISSED: "终止",
    ActionKind.REVOKING: "撤销",
    ActionKind.MIGRATED: "更换事项版本",
    ActionKind.COMPLETED: "办结",
    ActionKind.CALL_SENT: "送对方办理",
    ActionKind.CALL_ANSWERED: "对方已答复",
    ActionKind.CALL_FAILED: "对方未能办理",
    ActionKind.RETRIED: "重新办理",
    ActionKind.SENT_TO_MANUAL: "转人工办理",
    ActionKind.WAIVED: "家属放弃办理",
    ActionKind.ATTENDED: "已处理补充事项",
    ActionKind.MATERIAL_RECEIVED: "收到材料",
    ActionKind.APPOINTED: "约定日期",
    ActionKind.WARNED: "即将到期",
    ActionKind.OVERDUE: "已逾期",
    ActionKind.ESCALATED: "逾期上报",
    ActionKind.COMPENSATION_SENT: "送对方撤销",
    ActionKind.COMPENSATION_ANSWERED: "对方已答复撤销",
    ActionKind.COMPENSATION_FAILED: "对方未能撤销",
    ActionKind.COMPENSATED: "已撤销",
}


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task as a role sees it. `may`: the actions open to that role now."""

    id: str
    title: str
    stage: str
    department: str
    kind: str
    state: str
    mandatory: bool
    due: date | None
    due_at: datetime | None
    due_state: str
    provisional: bool
    waiting_for: tuple[str, ...]
    result: Mapping[str, Any]
    outcome: str | None
    reason: str
    effects: tuple[Mapping[str, Any], ...]
    settled_at: datetime | None
    needs_human: bool
    guide: str
    law: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: `task` is empty for what concerns the whole matter."""

    at: datetime
    kind: str
    task: str
    words: str
    by: str
    reason: str
    state: str


def tasks_for(state: MatterState, definition: Definition, role: str | None) -> list[TaskView]:
    """The tasks `role` may see, in the definition's order. None is the system: everything."""
    may: dict[str, list[str]] = {}
    for found in allowed(state, definition, role):
        if found.task is not None:
            may.setdefault(found.task, []).append(found.action.value)
    return [_task(state, definition, task, tuple(sorted(may.get(task.id, [])))) for task in visible(definition, role)]


def timeline(actions: Iterable[Action], definition: Definition, role: str | None) -> Iterator[Entry]:
    """Every action in order, and what became of the tasks by it, as far as `role` may see them."""
    seen = {task.id for task in visible(definition, role)}
    fold = MatterFold(definition)
    for action in actions:
        before = {task_id: task.status for task_id, task in fold.tasks.items()}
        milestones = set(fold.milestones)
        fold.apply(action)
        reason = str(action.data.get("reason", ""))
        if action.task is None:
            yield Entry(action.at, action.kind.value, "", _words(action, definition), action.by, reason, "")
        for task in definition.tasks:
            status = fold.tasks[task.id].status
            if task.id in seen and (action.task == task.id or status is not before[task.id]):
                words = _ACTION_WORDS[action.kind] if action.task == task.id else STATUS_WORDS[status]
                kind = action.kind.value if action.task == task.id else "became"
                yield Entry(
                    action.at, kind, task.id, f"{task.title}：{words}", action.by, reason if action.task else "", status
                )
        for milestone in definition.milestones:
            if milestone.id in fold.milestones and milestone.id not in milestones and not milestone.signal:
                yield Entry(action.at, "milestone", "", milestone.title, action.by, "", "")


def _words(action: Action, definition: Definition) -> str:
    if action.kind is ActionKind.MILESTONE:
        milestone = definition.milestones_by_id.get(action.data["milestone"])
        return milestone.title if milestone else action.data["milestone"]
    if action.kind is ActionKind.EVIDENCE:
        return f"提交证据：{definition.evidence.get(action.data['kind'], action.data['kind'])}"
    return _ACTION_WORDS[action.kind]


def _task(state: MatterState, definition: Definition, task: Task, may: tuple[str, ...]) -> TaskView:
    found = state.tasks[task.id]
    return TaskView(
        id=task.id,
        title=task.title,
        stage=next(stage.title for stage in definition.stages if stage.id == task.stage),
        department=definition.departments[task.department],
        kind=task.kind.value,
        state=found.status.value,
        mandatory=task.mandatory,
        due=found.due.on if found.due else None,
        due_at=found.due.at if found.due else None,
        due_state=(found.due_state if found.due else DueState.NONE).value,
        provisional=bool(found.due and found.due.provisional),
        waiting_for=found.waiting_for,
        result=found.result,
        outcome=found.outcome.value if found.outcome else None,
        reason=found.reason,
        effects=found.effects,
        settled_at=found.settled_at,
        needs_human=found.needs_human,
        guide=task.guide,
        law=task.law,
        may=may,
    )
