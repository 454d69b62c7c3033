"""The inbox is the work queue: events are stored first and worked off in order, exactly once (design §5)."""

import asyncio
import json
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zlib import crc32

from sqlalchemy import text

from shared import clock
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope
from shared.events.handling import Handlers
from shared.events.tables import PARTITIONS
from shared.events.transport import Message
from shared.observability import metrics
from shared.observability.logs import without_rows

BACK_OFF = (timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
"""Waits between tries; after the last one the event is parked for a human."""

_SHORT_QUEUE = 20
_BATCH_OF_SHORT, _BATCH_OF_LONG = 4, 80
_LANES = 2  # batches of different partitions at once: the database works for one while we work for the other
_BATCH_SECONDS = 0.5  # a batch holds its rows' locks, and requests wait two seconds for one

_STORE = text(
    "insert into kernel.inbox (id, partition, stream, type, envelope, state, attempts, error, received_at)"
    " select m.id, m.partition, m.stream, m.type, m.envelope, case m.fault when '' then 'pending' else 'parked' end,"
    " 0, nullif(m.fault, ''), :now"
    " from unnest(cast(:ids as text[]), cast(:partitions as int[]), cast(:streams as text[]),"
    " cast(:types as text[]), cast(:envelopes as text[]), cast(:faults as text[])) with ordinality"
    " as m(id, partition, stream, type, envelope, fault, place) order by m.place on conflict (id) do nothing"
)
_DUE_PARTITIONS = text(
    "select i.partition, count(*) from kernel.inbox i left join kernel.blocked_stream b on b.stream = i.stream"
    " where i.state = 'pending' and (b.stream is null or (b.event_id = i.id and b.next_at <= :now))"
    " group by i.partition"
)
_CLAIM = text("select pg_try_advisory_xact_lock(7087, :partition)")
_NEXT = text(
    "select i.id, i.type, i.stream, i.envelope, i.attempts, b.stream is not null from kernel.inbox i"
    " left join kernel.blocked_stream b on b.stream = i.stream"
    " where i.state = 'pending' and i.partition = :partition"
    " and (b.stream is null or (b.event_id = i.id and b.next_at <= :now)) order by i.seq limit :limit"
)
_DONE = text("update kernel.inbox set state = 'done', done_at = :now, error = null where id = any(:ids)")
_UNBLOCK = text("delete from kernel.blocked_stream where event_id = any(:ids)")
_FAILED = text(
    "update kernel.inbox set attempts = attempts + 1, error = :error, state = :state where id = :id"
    " and state = 'pending'"
)
_BLOCK = text(
    "insert into kernel.blocked_stream (stream, event_id, next_at) values (:stream, :id, :next_at)"
    " on conflict (stream) do update set next_at = excluded.next_at where blocked_stream.event_id = excluded.event_id"
)


def partition_of(stream: str) -> int:
    """Stable across processes and versions: crc32, not the interpreter's hash."""
    return crc32(stream.encode()) % PARTITIONS


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row in hand."""

    id: str
    type: str
    stream: str
    envelope: str
    attempts: int
    is_blocked: bool


class Inbox:
    """One service's inbox: stores batches from the transport and works them off."""

    def __init__(self, database: Database, handlers: Handlers) -> None:
        self.service = database.service
        self.types = handlers.types
        self._database = database
        self._handlers = handlers
        self._who = system_principal(f"{database.service}.reactions")
        self.wake: Any = lambda: None

    async def receive(self, messages: Sequence[Message]) -> None:
        """Store a batch; duplicates fall out. An empty batch asks whether the database is there."""
        async with self._database.unit(self._who, f"{self.service}.inbox:receive", worker=True) as unit:
            unit.audited = False
            await self.store(unit, messages)
        self.wake()

    async def store(self, unit: UnitOfWork, messages: Sequence[Message]) -> None:
        """Store within an open unit (timers, schedules, answers of outside calls)."""
        streams = [
            f"{message.stream}|{message.id}" if self._handlers.order_free(message.type) else message.stream
            for message in messages
        ]
        await unit.connection.execute(
            _STORE,
            {
                "now": unit.now,
                "ids": [message.id for message in messages],
                "partitions": [partition_of(stream) for stream in streams],
                "streams": streams,
                "types": [message.type for message in messages],
                "envelopes": [message.envelope for message in messages],
                "faults": [message.fault for message in messages],
            },
        )

    async def work(self) -> int:
        """Work off what is due now, a batch of each partition; returns how many events are done.

        A short queue goes in small transactions, so that the first event's consequences do not wait for the last's.
        """
        now = clock.now()
        async with self._database.unit(self._who, f"{self.service}.inbox:look", worker=True) as unit:
            unit.audited = False
            due = (await unit.connection.execute(_DUE_PARTITIONS, {"now": now})).all()
        batches = [(part, _BATCH_OF_SHORT if count <= _SHORT_QUEUE else _BATCH_OF_LONG) for part, count in due]
        waiting = iter(batches)
        lanes = [self._work_along(waiting) for _ in range(min(_LANES, len(batches)))]
        done = 0
        failed: list[tuple[int, int]] = []
        for worked in await asyncio.gather(*lanes, return_exceptions=True):
            if isinstance(worked, BaseException):
                raise worked
            done += worked[0]
            failed += worked[1]
        for partition, limit in failed:
            done += await self._work_singly(partition, limit)
        return done

    async def _work_along(self, batches: Iterator[tuple[int, int]]) -> tuple[int, list[tuple[int, int]]]:
        """Work off batches nobody has taken yet; how many events are done, and the batches that failed."""
        done, failed = 0, []
        for partition, limit in batches:
            try:
                done += await self._run(partition, limit)
            except Exception:  # noqa: BLE001 - one of the batch failed: the rest must not wait for it
                failed.append((partition, limit))
        return done, failed

    async def _work_singly(self, partition: int, limit: int) -> int:
        """A batch again, with no other beside it whose locks could be in its way: what fails now fails by itself."""
        done = 0
        for _ in range(limit):
            worked = await self._run_one(partition)
            if not worked:
                break
            done += worked
        return done

    async def _run(self, partition: int, limit: int) -> int:
        name = f"{self.service}.inbox:batch"
        async with self._database.unit(self._who, name, worker=True) as unit:
            unit.audited = False
            until = monotonic() + _BATCH_SECONDS
            done: list[Claimed] = []
            for row in await self._claim(unit, partition, limit):
                await self._handle(unit, row)
                done.append(row)
                if monotonic() > until:
                    break
            await self._finish(unit, done)
        metrics.EVENTS_DONE.labels(self.service).inc(len(done))
        return len(done)

    async def _run_one(self, partition: int) -> int:
        failed: Claimed | None = None
        try:
            async with self._database.unit(self._who, f"{self.service}.inbox:one", worker=True) as unit:
                unit.audited = False
                claimed = await self._claim(unit, partition, 1)
                if not claimed:
                    return 0
                failed = claimed[0]
                await self._handle(unit, failed)
                await self._finish(unit, [failed])
        except Exception:
            if failed is None:
                raise
            await self._failed(failed, without_rows(traceback.format_exc(limit=-6)))
            return 1
        metrics.EVENTS_DONE.labels(self.service).inc()
        return 1

    async def _claim(self, unit: UnitOfWork, partition: int, limit: int) -> list[Claimed]:
        if not await unit.connection.scalar(_CLAIM, {"partition": partition}):
            return []
        rows = await unit.connection.execute(_NEXT, {"partition": partition, "now": unit.now, "limit": limit})
        return [Claimed(*row) for row in rows]

    async def _handle(self, unit: UnitOfWork, row: Claimed) -> None:
        envelope = Envelope.read(row.envelope)
        unit.trace_id = envelope.traceparent
        unit.causation_id = envelope.id
        unit.begin_part(f"{self.service}.inbox:{row.type}", case_id=str(envelope.data.get("deathCaseId", "")))
        await self._handlers.run(unit, envelope)
        await unit.end_part()

    async def _finish(self, unit: UnitOfWork, done: list[Claimed]) -> None:
        if done:
            await unit.connection.execute(_DONE, {"ids": [row.id for row in done], "now": unit.now})
            if blocked := [row.id for row in done if row.is_blocked]:
                await unit.connection.execute(_UNBLOCK, {"ids": blocked})

    async def _failed(self, row: Claimed, error: str) -> None:
        parked = row.attempts >= len(BACK_OFF)
        async with self._database.unit(self._who, f"{self.service}.inbox:failed", worker=True) as unit:
            unit.audited = False
            next_at: datetime | None = None if parked else unit.now + BACK_OFF[row.attempts]
            state = "parked" if parked else "pending"
            failed = await unit.connection.execute(
                _FAILED, {"id": row.id, "error": error[-4000:].replace("\0", ""), "state": state}
            )
            if failed.rowcount:  # nobody else has finished it meanwhile
                await unit.connection.execute(_BLOCK, {"stream": row.stream, "id": row.id, "next_at": next_at})


def internal_message(kind: str, key: str, subject: str, now: datetime, data: dict[str, Any], service: str) -> Message:
    """A message of the service to itself: `timer:…`, `schedule:…`, `call:…`. `kind/key` makes it unique."""
    envelope = Envelope(id=f"{kind}/{key}", source=service, type=kind, subject=subject, time=now, data=data)
    return Message(
        envelope.id,
        kind,
        f"{kind}|{subject}",
        json.dumps(envelope.model_dump(mode="json"), ensure_ascii=False),
    )
