"""The worker that makes the calls. It holds no transaction while it waits for the other side."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from shared import clock
from shared.db import crash
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.events.inbox import Inbox, internal_message
from shared.ids import uuid7
from shared.outgoing.port import Outside, Refused, TemporarilyAway

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Waits between tries; then the manual queue (domain §10 step 9)."""

_AT_ONCE = 8
_LEASE = timedelta(seconds=60)

_CLAIM = text(
    "update kernel.outgoing_call set leased_until = :lease, attempts = attempts + 1 where id in ("
    " select id from kernel.outgoing_call where state = 'PENDING' and next_at <= :now"
    " and (leased_until is null or leased_until < :now) order by next_at, id limit :limit for update skip locked)"
    " returning id, purpose, key, department, operation, payload, attempts"
)
_END = text(
    "update kernel.outgoing_call set state = :state, answer = cast(:answer as jsonb), reason = :reason,"
    " next_at = :next_at, leased_until = null, done_at = :done_at where id = :id and state = 'PENDING'"
)


class CallWorker:
    """Makes one service's calls, several at once."""

    def __init__(self, database: Database, inbox: Inbox, outside: Outside) -> None:
        self._database = database
        self._inbox = inbox
        self._outside = outside
        self._who = system_principal(f"{database.service}.calls")

    async def work(self) -> int:
        """Make what is due now; returns how many calls were made."""
        now = clock.now()
        async with self._database.unit(self._who, f"{self._database.service}.calls:claim", worker=True) as unit:
            unit.audited = False
            claim = {"now": now, "lease": now + _LEASE, "limit": _AT_ONCE}
            calls = (await unit.connection.execute(_CLAIM, claim)).all()
        await asyncio.gather(*(self._make(call) for call in calls))
        return len(calls)

    async def _make(self, call: Row[Any]) -> None:
        payload = json.loads(self._database.vault.open("outgoing_call", "payload", call.id, call.payload))
        end: dict[str, Any] = {"state": "DONE", "answer": None, "reason": "", "next_at": clock.now()}
        outcome = "answered"
        try:
            end["answer"] = await self._outside.call(call.department, call.operation, call.id, payload)
        except Refused as refusal:
            outcome, end["state"], end["reason"] = "refused", "REFUSED", str(refusal)
        except TemporarilyAway as away:
            end["reason"] = str(away)[:500]
            if call.attempts > len(BACK_OFF):
                outcome, end["state"] = "manual", "MANUAL"
            else:
                outcome, end["state"] = "retrying", "PENDING"
                end["next_at"] = clock.now() + BACK_OFF[call.attempts - 1]
        crash.reached(f"{self._database.service}.calls:answered")
        await self._keep(call, outcome, end)

    async def _keep(self, call: Row[Any], outcome: str, end: dict[str, Any]) -> None:
        """The outcome and its way into the inbox are one transaction."""
        async with self._database.unit(self._who, f"{self._database.service}.calls:keep", worker=True) as unit:
            unit.audited = False
            answer = end["answer"]
            values = {
                **end,
                "id": call.id,
                "answer": None if answer is None else json.dumps(answer, ensure_ascii=False),
                "done_at": None if end["state"] == "PENDING" else unit.now,
            }
            kept = await unit.connection.execute(_END, values)
            if not kept.rowcount:
                return
            data = {
                "call_id": call.id,
                "key": call.key,
                "department": call.department,
                "operation": call.operation,
                "outcome": outcome,
                "attempts": call.attempts,
                "result": answer or {},
                "reason": end["reason"],
            }
            kind = f"call:{call.purpose}"
            message = internal_message(kind, uuid7(), call.key, unit.now, data, unit.service)
            await self._inbox.store(unit, [message])
        self._inbox.wake()
