"""Which actions a matter's state allows, and why not. Pure.

Two questions are kept apart: what the *state* allows to anybody, and what a *role* may do with a task. The
system itself (reactions, workers, timers) has no role and is held by the state alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.definition import Definition, Task
from shared.onething.fold import MatterFold
from shared.onething.results import faults_of
from shared.onething.rules import MATTER_RULES, TASK_RULES, Refusal, refusal_of_state
from shared.onething.state import MatterState


class Allowed(NamedTuple):
    action: ActionKind
    task: str | None = None


_BY_HANDLERS = frozenset(
    {
        ActionKind.COMPLETED,
        ActionKind.RETRIED,
        ActionKind.SENT_TO_MANUAL,
        ActionKind.ATTENDED,
        ActionKind.COMPENSATED,
    }
)
_BY_FAMILY_TOO = frozenset({ActionKind.MATERIAL_RECEIVED, ActionKind.APPOINTED, ActionKind.WAIVED})
"""The last also by those who may waive: the papers, the date and the waiver are the family's to give."""


def allowed(
    state: MatterState, definition: Definition, role: str | None = None, department: str | None = None
) -> frozenset[Allowed]:
    """What may be done now. `role` None is the system; `department` narrows to that department's tasks."""
    found = {
        Allowed(kind)
        for kind in (ActionKind.OPENED, *MATTER_RULES)
        if role is None and refusal_of_state(state, definition, kind, None) is None
    }
    for task in definition.tasks:
        if department is not None and task.department != department:
            continue
        for kind in TASK_RULES:
            if _may(definition, task, kind, role) and refusal_of_state(state, definition, kind, task.id) is None:
                found.add(Allowed(kind, task.id))
    return frozenset(found)


def visible(definition: Definition, role: str | None) -> tuple[Task, ...]:
    """The tasks a role sees, in the definition's order."""
    return tuple(
        task
        for task in definition.tasks
        if role is None or role in definition.roles_of(task).see or role in definition.roles_of(task).handle
    )


def refusal(state: MatterState, definition: Definition, action: Action, role: str | None = None) -> Refusal | None:
    """Why this very action may not be appended, its content included; None when it may."""
    if action.task is not None:
        task = definition.tasks_by_id.get(action.task)
        if task is None:
            return Refusal("task_unknown", "该事项没有这个任务")
        if not _may(definition, task, action.kind, role):
            return Refusal("task_not_permitted", "您没有办理该任务的权限")
    elif role is not None:
        return Refusal("task_not_permitted", "您没有办理该事项的权限")
    return refusal_of_state(state, definition, action.kind, action.task) or _content(state, definition, action)


def is_legal(actions: Iterable[Action], definition: Definition) -> bool:
    """Whether each action of a history was allowed by the state before it."""
    fold = MatterFold(definition)
    for action in actions:
        if refusal(fold.view(action.at), definition, action) is not None:
            return False
        fold.apply(action)
    return True


def _may(definition: Definition, task: Task, kind: ActionKind, role: str | None) -> bool:
    if role is None:
        return True
    roles = definition.roles_of(task)
    if kind in _BY_HANDLERS:
        return role in roles.handle
    return kind in _BY_FAMILY_TOO and (role in roles.handle or role in roles.waive)


# ── what the action itself says ───────────────────────────────────────────────────────────────────


def _content(state: MatterState, definition: Definition, action: Action) -> Refusal | None:
    rule = _CONTENT_RULES.get(action.kind)
    return rule(state, definition, action) if rule else None


def _known_facts(_state: MatterState, definition: Definition, action: Action) -> Refusal | None:
    unknown = sorted(action.data["facts"].keys() - definition.facts.keys())
    return Refusal("fact_unknown", f"没有这些情形：{'、'.join(unknown)}") if unknown else None


def _known_milestone(state: MatterState, definition: Definition, action: Action) -> Refusal | None:
    milestone = definition.milestones_by_id.get(action.data["milestone"])
    if milestone is None or not milestone.signal:
        return Refusal("milestone_unknown", "没有这个里程碑")
    if milestone.id in state.milestones:
        return Refusal("milestone_already_reached", f"“{milestone.title}”已经达成")
    if any(after not in state.milestones for after in milestone.after):
        return Refusal("milestone_too_early", f"“{milestone.title}”的前置里程碑尚未达成")
    return _known_facts(state, definition, action)


def _known_evidence(state: MatterState, definition: Definition, action: Action) -> Refusal | None:
    if action.data["kind"] not in definition.evidence:
        return Refusal("evidence_kind_unknown", "没有这种证据")
    if action.data["evidenceId"] in state.evidence:
        return Refusal("evidence_already_given", "该证据已经提交")
    return None


def _held_evidence(state: MatterState, _definition: Definition, action: Action) -> Refusal | None:
    if action.data["evidenceId"] not in state.evidence:
        return Refusal("no_evidence", "没有可撤回的证据")
    return None


def _fitting_result(_state: MatterState, definition: Definition, action: Action) -> Refusal | None:
    outcome = Outcome(action.data["outcome"])
    if outcome is Outcome.NEEDS_HUMAN:
        return Refusal("outcome_invalid", "办结时应填写已办理或无需办理")
    if outcome is Outcome.NOTHING_TO_DO:
        if not action.data["reason"].strip():
            return Refusal("reason_required", "请填写无需办理的原因")
        return None
    faults = faults_of(definition.tasks_by_id[action.task or ""].result, action.data["result"])
    return Refusal("result_invalid", "办理结果填写有误", tuple(faults)) if faults else None


def _known_material(_state: MatterState, definition: Definition, action: Action) -> Refusal | None:
    if action.data["material"] in definition.tasks_by_id[action.task or ""].materials:
        return None
    return Refusal("material_unknown", "该任务不需要这份材料")


_CONTENT_RULES: Mapping[ActionKind, Callable[[MatterState, Definition, Action], Refusal | None]] = {
    ActionKind.OPENED: _known_facts,
    ActionKind.FACT_SET: _known_facts,
    ActionKind.MILESTONE: _known_milestone,
    ActionKind.EVIDENCE: _known_evidence,
    ActionKind.EVIDENCE_WITHDRAWN: _held_evidence,
    ActionKind.COMPLETED: _fitting_result,
    ActionKind.MATERIAL_RECEIVED: _known_material,
}
