"""From what became of an outgoing call to the actions it means. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.onething import actions as act
from shared.onething.actions import Action, Outcome
from shared.onething.definition import Task
from shared.onething.results import faults_of

_REASON_MAX = 500


def call_outcome(now: datetime, by: str, task: Task, outcome: str, result: dict[str, Any], reason: str) -> list[Action]:
    """An answer that does not fit what was agreed goes to people, like a refusal."""
    if outcome == "retrying":
        return [act.call_failed(now, by, task.id, reason=reason, retry_at=now)]
    if outcome == "answered":
        said, reason = _said(result, reason)
        values = {name: value for name, value in result.items() if name in task.result}
        faults = faults_of(task.result, values) if said is Outcome.DONE else []
        if said is not None and not faults:
            return [act.call_answered(now, by, task.id, outcome=said, result=values, reason=reason)]
        reason = "对方返回的结果不符合约定：" + "；".join(fault.message for fault in faults)
    manual = act.sent_to_manual(now, by, task.id, reason=reason)
    return [act.call_failed(now, by, task.id, reason=reason), manual]


def undo_outcome(now: datetime, by: str, task: Task, outcome: str, result: dict[str, Any], reason: str) -> list[Action]:
    """The same for the call that undoes."""
    if outcome == "answered":
        said, reason = _said(result, reason)
        if said is not None:
            return [act.compensation_answered(now, by, task.id, outcome=said, reason=reason)]
    retry_at = now if outcome == "retrying" else None
    return [act.compensation_failed(now, by, task.id, reason=reason, retry_at=retry_at)]


def _said(result: dict[str, Any], reason: str) -> tuple[Outcome | None, str]:
    told = result.get("reason")
    if isinstance(told, str) and told:
        reason = told.replace("\0", "")[:_REASON_MAX]
    try:
        return Outcome(result.get("outcome", Outcome.DONE.value)), reason
    except ValueError:
        return None, reason
