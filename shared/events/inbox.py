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
_BATCH_OF_SHORT, _BATCH_OF_LONG = 8, 80
_LANES = 2  # batches of different partitions at once: the database works for one while we work for the other
_BATCH_SECONDS = 0.5  # a batch holds its rows' locks, and requests wait two seconds for one

# What every event costs is said to the driver itself.
_STORE = (
    "insert into kernel.inbox (id, partition, stream, type, envelope, state, attempts, error, received_at)"
    " select m.id, m.partition, m.stream, m.type, m.envelope, case m.fault when '' then 'pending' else 'parked' end,"
    " 0, nullif(m.fault, ''), $1"
    " from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[]) with ordinality"
    " as m(id, partition, stream, type, envelope, fault, place) order by m.place on conflict (id) do nothing"
)
_DUE_PARTITIONS = (
    "select i.partition, count(*) from kernel.inbox i left join kernel.blocked_stream b on b.stream = i.stream"
    " where i.state = 'pending' and (b.stream is null or (b.event_id = i.id and b.next_at <= $1))"
    " group by i.partition order by min(i.seq)"
)
_CLAIM = "select pg_try_advisory_xact_lock(7087, $1)"
_NEXT = (
    "select i.id, i.type, i.stream, i.envelope, i.attempts, b.stream is not null from kernel.inbox i"
    " left join kernel.blocked_stream b on b.stream = i.stream"
    " where i.state = 'pending' and i.partition = $1"
    " and (b.stream is null or (b.event_id = i.id and b.next_at <= $2)) order by i.seq limit $3"
)
_DONE = "update kernel.inbox set state = 'done', done_at = $1, error = null where id = any($2)"
_UNBLOCK = "delete from kernel.blocked_stream where event_id = any($1)"
_FAILED = (
    "update kernel.inbox set attempts = attempts + 1, error = $2, state = $3 where id = $1"
    " and state = 'pending' returning id"
)
_BLOCK = (
    "insert into kernel.blocked_stream (stream, event_id, next_at) values ($1, $2, $3)"
    " on conflict (stream) do update set next_at = excluded.next_at where blocked_stream.event_id = excluded.event_id"
)


def partition_of(stream: str) -> int:
    """Stable across processes and versions: crc32, not the interpreter's hash. What belongs to one whole
    (`<case>/<task>`) shares a partition, and is worked off together instead of side by side waiting for its lock."""
    return crc32(stream.partition("/")[0].encode()) % PARTITIONS


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

    batch = _BATCH_OF_SHORT

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
        streams, partitions = [], []
        for message in messages:
            is_free = self._handlers.order_free(message.type)
            streams.append(f"{message.stream}|{message.id}" if is_free else message.stream)
            # any partition is right for what keeps no order: together by subject, away from what others wait for
            _, _, subject = message.stream.partition("|")
            partitions.append(partition_of(f"|{subject}" if is_free else message.stream))
        await unit.driver.execute(
            _STORE,
            unit.now,
            [message.id for message in messages],
            partitions,
            streams,
            [message.type for message in messages],
            [message.envelope for message in messages],
            [message.fault for message in messages],
        )

    async def work(self) -> int:
        """Work off what is due now, a batch of each partition; returns how many events are done.

        A short queue goes in small transactions, so that the first event's consequences do not wait for the last's.
        """
        now = clock.now()
        async with self._database.unit(self._who, f"{self.service}.inbox:look", worker=True) as unit:
            unit.audited = False
            due = await unit.driver.fetch(_DUE_PARTITIONS, now)
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
                    self.wake()  # for the rest
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
        if not await unit.driver.fetchval(_CLAIM, partition):
            return []
        return [Claimed(*row) for row in await unit.driver.fetch(_NEXT, partition, unit.now, limit)]

    async def _handle(self, unit: UnitOfWork, row: Claimed) -> None:
        envelope = Envelope.read(row.envelope)
        unit.trace_id = envelope.traceparent
        unit.causation_id = envelope.id
        unit.begin_part(f"{self.service}.inbox:{row.type}", case_id=str(envelope.data.get("deathCaseId", "")))
        await self._handlers.run(unit, envelope)
        await unit.end_part()

    async def _finish(self, unit: UnitOfWork, done: list[Claimed]) -> None:
        if done:
            await unit.driver.execute(_DONE, unit.now, [row.id for row in done])
            if blocked := [row.id for row in done if row.is_blocked]:
                await unit.driver.execute(_UNBLOCK, blocked)
                self.wake()  # for what has waited behind them

    async def _failed(self, row: Claimed, error: str) -> None:
        parked = row.attempts >= len(BACK_OFF)
        async with self._database.unit(self._who, f"{self.service}.inbox:failed", worker=True) as unit:
            unit.audited = False
            next_at: datetime | None = None if parked else unit.now + BACK_OFF[row.attempts]
            state = "parked" if parked else "pending"
            failed = await unit.driver.fetchval(_FAILED, row.id, error[-4000:].replace("\0", ""), state)
            if failed:  # nobody else has finished it meanwhile
                await unit.driver.execute(_BLOCK, row.stream, row.id, next_at)


def internal_message(kind: str, key: str, subject: str, now: datetime, data: dict[str, Any], service: str) -> Message:
    """A message of the service to itself: `timer:…`, `schedule:…`, `call:…`. `kind/key` makes it unique."""
    envelope = Envelope(id=f"{kind}/{key}", source=service, type=kind, subject=subject, time=now, data=data)
    return Message(
        envelope.id,
        kind,
        f"{kind}|{subject}",
        json.dumps(envelope.model_dump(mode="json"), ensure_ascii=False),
    )
