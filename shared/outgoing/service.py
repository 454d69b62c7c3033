"""Placing calls and hearing how they went."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import update
from sqlmodel import col

from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope
from shared.events.handling import Handler, Subscription
from shared.ids import uuid7
from shared.outgoing.port import Answer
from shared.outgoing.tables import OutgoingCall

_PLACE = (
    "insert into kernel.outgoing_call (id, purpose, key, department, operation, payload, area_code, state, attempts,"
    " reason, next_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, 'PENDING', 0, '', $8, $8)"
)


class CallOutcome(BaseModel):
    """What a `call:<purpose>` handler receives. `retrying` may come several times before an end."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    key: str
    department: str
    operation: str
    outcome: Literal["answered", "retrying", "refused", "manual"]
    attempts: int
    result: dict[str, Any] = {}
    sealed: str = ""
    reason: str = ""

    def opened(self, unit: UnitOfWork) -> CallOutcome:
        """With the result in the clear."""
        if not self.sealed:
            return self
        text = unit.vault.open("outgoing_call", "answer", self.call_id, bytes.fromhex(self.sealed))
        return self.model_copy(update={"result": json.loads(text), "sealed": ""})


class CallNotWaiting(Conflict):
    """Only a call in the manual queue can be sent again by hand."""

    code = "call_not_manual"
    detail = "该调用不在人工处理队列中"


def on_call(purpose: str, handler: Handler) -> Subscription:
    """Run `handler(unit, outcome, envelope)` for every outcome of this purpose, in order per key."""

    async def with_result(unit: UnitOfWork, outcome: CallOutcome, envelope: Envelope) -> None:
        await handler(unit, outcome.opened(unit), envelope)

    return Subscription(f"call:{purpose}", with_result, CallOutcome)


def seal_answer(unit: UnitOfWork, call_id: str, answer: Answer) -> str:
    """What a department has answered, as it is kept: it may say what somebody earns, or suffers from."""
    return unit.vault.seal("outgoing_call", "answer", call_id, json.dumps(answer, ensure_ascii=False)).hex()


async def place_call(
    unit: UnitOfWork,
    *,
    purpose: str,
    key: str,
    department: str,
    operation: str,
    payload: dict[str, Any],
    area_code: str,
) -> str:
    """Write the call down in this transaction; a worker makes it right after the commit. Returns its id."""
    call_id = uuid7()
    sealed = unit.vault.seal("outgoing_call", "payload", call_id, json.dumps(payload, ensure_ascii=False))
    await unit.driver.execute(_PLACE, call_id, purpose, key, department, operation, sealed, area_code, unit.now)
    unit.wakes.add("calls")
    return call_id


async def cancel_calls(unit: UnitOfWork, key_prefix: str) -> int:
    """Withdraw what has not been answered yet. A call under way may still be answered; its outcome is then dropped."""
    result = await unit.execute(
        update(OutgoingCall)
        .where(
            col(OutgoingCall.key) >= key_prefix,
            col(OutgoingCall.key) < key_prefix + "\U0010ffff",
            col(OutgoingCall.state).in_(["PENDING", "MANUAL"]),
        )
        .values(state="CANCELLED", done_at=unit.now)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


async def retry_call(unit: UnitOfWork, call_id: str) -> None:
    """Send a call of the manual queue again, with fresh tries."""
    call = await unit.get(OutgoingCall, call_id, lock=True)
    if call.state != "MANUAL":
        raise CallNotWaiting
    call.state, call.attempts, call.next_at = "PENDING", 0, unit.now
    unit.wakes.add("calls")
