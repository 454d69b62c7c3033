"""What can happen to a matter. A matter *is* its append-only list of actions; nothing else is stored of it
that could not be computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class ActionKind(StrEnum):
    # of the matter
    OPENED = "opened"
    FACT_SET = "fact_set"
    MILESTONE = "milestone"
    EVIDENCE = "evidence"
    EVIDENCE_WITHDRAWN = "evidence_withdrawn"
    ANSWER_RECEIVED = "answer_received"
    FOLLOW_UP = "follow_up"
    DISMISSED = "dismissed"
    REVOKING = "revoking"
    MIGRATED = "migrated"
    # of a task, forward
    COMPLETED = "completed"
    CALL_SENT = "call_sent"
    CALL_ANSWERED = "call_answered"
    CALL_FAILED = "call_failed"
    RETRIED = "retried"
    SENT_TO_MANUAL = "sent_to_manual"
    WAIVED = "waived"
    ATTENDED = "attended"
    MATERIAL_RECEIVED = "material_received"
    APPOINTED = "appointed"
    # of a task, time
    WARNED = "warned"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    # of a task, back
    COMPENSATION_SENT = "compensation_sent"
    COMPENSATION_ANSWERED = "compensation_answered"
    COMPENSATION_FAILED = "compensation_failed"
    COMPENSATED = "compensated"


class Outcome(StrEnum):
    DONE = "done"
    NOTHING_TO_DO = "nothing_to_do"
    NEEDS_HUMAN = "needs_human"


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of a matter's history. Make them with the functions below, which know each kind's `data`.

    `at` is an aware instant; `by` names the principal's account or the system's part that acted.
    `data` is plain JSON, never an ID number, certificate code or health detail.
    """

    kind: ActionKind
    at: datetime
    by: str
    task: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def opened(at: datetime, by: str, *, facts: Mapping[str, bool] | None = None) -> Action:
    return Action(ActionKind.OPENED, at, by, None, {"facts": dict(facts or {})})


def fact_set(at: datetime, by: str, facts: Mapping[str, bool]) -> Action:
    return Action(ActionKind.FACT_SET, at, by, None, {"facts": dict(facts)})


def milestone(at: datetime, by: str, milestone_id: str, *, facts: Mapping[str, bool] | None = None) -> Action:
    """A signalled milestone, with the facts known at that moment, so that no task starts before them."""
    return Action(ActionKind.MILESTONE, at, by, None, {"milestone": milestone_id, "facts": dict(facts or {})})


def evidence(at: datetime, by: str, kind: str, evidence_id: str, *, result: Mapping[str, Any] | None = None) -> Action:
    return Action(
        ActionKind.EVIDENCE,
        at,
        by,
        None,
        {"kind": kind, "evidenceId": evidence_id, "result": dict(result or {})},
    )


def evidence_withdrawn(at: datetime, by: str, evidence_id: str, *, reason: str) -> Action:
    return Action(ActionKind.EVIDENCE_WITHDRAWN, at, by, None, {"evidenceId": evidence_id, "reason": reason})


def follow_up(at: datetime, by: str) -> Action:
    return Action(ActionKind.FOLLOW_UP, at, by)


def dismissed(at: datetime, by: str, *, reason: str) -> Action:
    return Action(ActionKind.DISMISSED, at, by, None, {"reason": reason})


def revoking(at: datetime, by: str, *, reason: str) -> Action:
    return Action(ActionKind.REVOKING, at, by, None, {"reason": reason})


def migrated(at: datetime, by: str, *, from_version: int, to_version: int, digest: str) -> Action:
    return Action(
        ActionKind.MIGRATED,
        at,
        by,
        None,
        {"fromVersion": from_version, "toVersion": to_version, "digest": digest},
    )


def completed(
    at: datetime,
    by: str,
    task: str,
    *,
    result: Mapping[str, Any] | None = None,
    outcome: Outcome = Outcome.DONE,
    reason: str = "",
) -> Action:
    """A person finished the task; `nothing_to_do` needs a reason."""
    return Action(ActionKind.COMPLETED, at, by, task, _finish(outcome, result, reason))


def answer_received(at: datetime, by: str, source: str, effects: Sequence[Mapping[str, Any]]) -> Action:
    """Another service's answer, forward (`….settled.v1`) or back (`….unsettled.v1`): the whole event, once.

    `source` is the event type; `effects` are `{task, kind, object, outcome, reason}`. Which tasks it
    concerns is the definition's business: tasks waiting for the source and not named have nothing to do,
    and after a migration the same answer also serves tasks the first version did not know.
    """
    return Action(
        ActionKind.ANSWER_RECEIVED,
        at,
        by,
        None,
        {"source": source, "effects": [dict(effect) for effect in effects]},
    )


def call_answered(
    at: datetime,
    by: str,
    task: str,
    *,
    outcome: Outcome,
    result: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Action:
    """The outside department answered, at once or days later."""
    return Action(ActionKind.CALL_ANSWERED, at, by, task, _finish(outcome, result, reason))


def call_sent(at: datetime, by: str, task: str, *, call_id: str = "") -> Action:
    return Action(ActionKind.CALL_SENT, at, by, task, {"callId": call_id})


def call_failed(at: datetime, by: str, task: str, *, reason: str, retry_at: datetime | None = None) -> Action:
    """With `retry_at` the task is in RETRY until then, without it FAILED."""
    return Action(ActionKind.CALL_FAILED, at, by, task, _failure(reason, retry_at))


def retried(at: datetime, by: str, task: str) -> Action:
    """The call goes out again: the task is READY once more."""
    return Action(ActionKind.RETRIED, at, by, task)


def sent_to_manual(at: datetime, by: str, task: str, *, reason: str) -> Action:
    return Action(ActionKind.SENT_TO_MANUAL, at, by, task, {"reason": reason})


def waived(at: datetime, by: str, task: str, *, reason: str) -> Action:
    return Action(ActionKind.WAIVED, at, by, task, {"reason": reason})


def attended(at: datetime, by: str, task: str, *, reason: str) -> Action:
    """A person dealt with what a service asked for after the task was done."""
    return Action(ActionKind.ATTENDED, at, by, task, {"reason": reason})


def material_received(at: datetime, by: str, task: str, material: str, *, file_id: str = "") -> Action:
    return Action(ActionKind.MATERIAL_RECEIVED, at, by, task, {"material": material, "fileId": file_id})


def appointed(at: datetime, by: str, task: str, on: date) -> Action:
    """The family chose the date of a task whose limit is `appointed`; a later choice replaces it."""
    return Action(ActionKind.APPOINTED, at, by, task, {"on": on.isoformat()})


def warned(at: datetime, by: str, task: str) -> Action:
    return Action(ActionKind.WARNED, at, by, task)


def overdue(at: datetime, by: str, task: str) -> Action:
    return Action(ActionKind.OVERDUE, at, by, task)


def escalated(at: datetime, by: str, task: str, *, to: str) -> Action:
    return Action(ActionKind.ESCALATED, at, by, task, {"to": to})


def compensation_sent(at: datetime, by: str, task: str, *, call_id: str = "") -> Action:
    return Action(ActionKind.COMPENSATION_SENT, at, by, task, {"callId": call_id})


def compensation_answered(
    at: datetime,
    by: str,
    task: str,
    *,
    outcome: Outcome,
    result: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Action:
    """The outside department answered the call that undoes its work."""
    return Action(ActionKind.COMPENSATION_ANSWERED, at, by, task, _finish(outcome, result, reason))


def compensation_failed(at: datetime, by: str, task: str, *, reason: str, retry_at: datetime | None = None) -> Action:
    """With `retry_at` it is tried again then; without it a human must undo the task."""
    return Action(ActionKind.COMPENSATION_FAILED, at, by, task, _failure(reason, retry_at))


def compensated(at: datetime, by: str, task: str, *, reason: str = "") -> Action:
    """A person undid the task, or reported that nothing is to be undone."""
    return Action(ActionKind.COMPENSATED, at, by, task, {"reason": reason})


def _finish(outcome: Outcome, result: Mapping[str, Any] | None, reason: str) -> dict[str, Any]:
    return {"outcome": outcome.value, "result": dict(result or {}), "reason": reason}


def _failure(reason: str, retry_at: datetime | None) -> dict[str, Any]:
    return {"reason": reason, "retryAt": retry_at.isoformat() if retry_at else None}
