"""The worker that makes the calls. It holds no transaction while it waits for the other side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared import clock
from shared.db import crash
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.db.unit import UnitOfWork
from shared.events.inbox import Inbox, internal_message
from shared.ids import uuid7
from shared.outgoing.port import Outside, Refused, TemporarilyAway
from shared.outgoing.service import seal_answer

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Waits between tries; then the manual queue (domain §10 step 9)."""

_AT_ONCE = 8
_A_ROUND = 128  # then the loop looks whether it is to stop
_LEASE = timedelta(seconds=60)
_TOGETHER_SECONDS = 0.05  # answers that come so close are kept in one transaction; a slow department holds up none

_CLAIM = (
    "update kernel.outgoing_call set leased_until = $2, attempts = attempts + 1 where id in ("
    " select id from kernel.outgoing_call where state = 'PENDING' and next_at <= $1"
    " and (leased_until is null or leased_until < $1) order by next_at, id limit $3 for update skip locked)"
    " returning id, purpose, key, department, operation, payload, attempts"
)
_END = (
    "update kernel.outgoing_call set state = $2, answer = $3, reason = $4, next_at = $5, leased_until = null,"
    " done_at = $6 where id = $1 and state = 'PENDING' returning id"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A row in hand."""

    id: str
    purpose: str
    key: str
    department: str
    operation: str
    payload: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class End:
    """What became of a call; `wait` until it is tried again."""

    call: Call
    outcome: str
    state: str
    answer: dict[str, Any] | None = None
    reason: str = ""
    wait: timedelta = timedelta()

    def told(self, sealed: str) -> dict[str, Any]:
        """What a `call:<purpose>` handler receives; the answer sealed."""
        return {
            "call_id": self.call.id,
            "key": self.call.key,
            "department": self.call.department,
            "operation": self.call.operation,
            "outcome": self.outcome,
            "attempts": self.call.attempts,
            "sealed": sealed,
            "reason": self.reason,
        }


class CallWorker:
    """Makes one service's calls, several at once."""

    batch = _AT_ONCE

    def __init__(self, database: Database, inbox: Inbox, outside: Outside) -> None:
        self._database = database
        self._inbox = inbox
        self._outside = outside
        self._who = system_principal(f"{database.service}.calls")

    async def work(self) -> int:
        """Make what is due now, a new call as soon as one has ended: a slow department keeps its own place and nobody
        else's. Returns how many calls were made."""
        making: set[asyncio.Task[End]] = set()
        begun, may_be_more = 0, True
        try:
            while making or may_be_more:
                free = min(_AT_ONCE - len(making), _A_ROUND - begun)
                if may_be_more and free > 0:
                    calls = await self._claim(free)
                    making |= {asyncio.create_task(self._make(Call(*call))) for call in calls}
                    begun, may_be_more = begun + len(calls), len(calls) == free
                may_be_more = may_be_more and begun < _A_ROUND
                if not making:
                    break
                await asyncio.wait(making, return_when=asyncio.FIRST_COMPLETED)
                made, making = await asyncio.wait(making, timeout=_TOGETHER_SECONDS)
                await self._keep([ended.result() for ended in made if not ended.exception()])
                for ended in made:
                    ended.result()  # raises what was no answer of any kind
        finally:
            for left in making:
                left.cancel()
        return begun

    async def _claim(self, most: int) -> Sequence[Any]:
        now = clock.now()
        async with self._database.unit(self._who, f"{self._database.service}.calls:claim", worker=True) as unit:
            unit.audited = False
            found: Sequence[Any] = await unit.driver.fetch(_CLAIM, now, now + _LEASE, most)
            return found

    async def _make(self, call: Call) -> End:
        payload = json.loads(self._database.vault.open("outgoing_call", "payload", call.id, call.payload))
        try:
            answer = await self._outside.call(call.department, call.operation, call.id, payload)
        except Refused as refusal:
            end = End(call, "refused", "REFUSED", reason=str(refusal))
        except TemporarilyAway as away:
            if call.attempts > len(BACK_OFF):
                end = End(call, "manual", "MANUAL", reason=str(away)[:500])
            else:
                wait = BACK_OFF[call.attempts - 1]
                end = End(call, "retrying", "PENDING", reason=str(away)[:500], wait=wait)
        else:
            end = End(call, "answered", "DONE", answer=answer)
        crash.reached(f"{self._database.service}.calls:answered")
        return end

    async def _keep(self, ends: Sequence[End]) -> None:
        """The outcomes and their way into the inbox are one transaction."""
        if not ends:
            return
        async with self._database.unit(self._who, f"{self._database.service}.calls:keep", worker=True) as unit:
            unit.audited = False
            messages = []
            for end in sorted(ends, key=lambda end: end.call.id):  # two workers never wait for each other in a ring
                sealed = "" if end.answer is None else seal_answer(unit, end.call.id, end.answer)
                if await self._end(unit, end, sealed):
                    kind, data = f"call:{end.call.purpose}", end.told(sealed)
                    messages.append(internal_message(kind, uuid7(), end.call.key, unit.now, data, unit.service))
            if messages:
                await self._inbox.store(unit, messages)
        self._inbox.wake()

    @staticmethod
    async def _end(unit: UnitOfWork, end: End, sealed: str) -> bool:
        """False for a call that was withdrawn meanwhile."""
        answer = json.dumps({"sealed": sealed}) if sealed else None
        done_at = None if end.state == "PENDING" else unit.now
        values = (end.call.id, end.state, answer, end.reason, unit.now + end.wait, done_at)
        return await unit.driver.fetchval(_END, *values) is not None
