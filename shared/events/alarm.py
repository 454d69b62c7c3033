"""Timers and schedules that are due go into the inbox: one worker, one retry, one parking place."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from shared.db.database import Database
from shared.db.principals import system_principal
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events.inbox import Inbox, internal_message
from shared.events.schedules import Schedule
from shared.events.tables import ScheduleRow
from shared.events.transport import Message

_DUE = (
    "update kernel.timer set fired_at = $1 where id in (select id from kernel.timer where fired_at is null"
    " and due_at <= $1 order by due_at limit $2 for update skip locked) returning kind, key, due_at, payload"
)
_SCHEDULE = text("select last_due_at from kernel.schedule where name = :name for update")


class Alarm:
    """Looks at timers and schedules of one service."""

    batch = 500

    def __init__(self, database: Database, inbox: Inbox, schedules: Sequence[Schedule]) -> None:
        self._database = database
        self._inbox = inbox
        self._schedules = schedules
        self._looks_at: dict[str, datetime] = {}  # a schedule's row is not asked before it can be due
        self._who = system_principal(f"{database.service}.timers")

    async def work(self, limit: int = batch) -> int:
        """Move what is due into the inbox; returns how many."""
        async with self._database.unit(self._who, f"{self._database.service}.timers", worker=True) as unit:
            unit.audited = False
            messages = await self._timers(unit, limit)
            for schedule in self._schedules:
                if unit.now >= self._looks_at.get(schedule.name, unit.now):
                    messages += await self._schedule(unit, schedule)
            if messages:
                await self._inbox.store(unit, messages)
        for schedule in self._schedules:
            self._looks_at[schedule.name] = schedule.next_after(unit.now)
        if messages:
            self._inbox.wake()
        return len(messages)

    async def _timers(self, unit: UnitOfWork, limit: int) -> list[Message]:
        due = await unit.driver.fetch(_DUE, unit.now, limit)
        return [
            internal_message(
                f"timer:{kind}",
                key,
                key,
                unit.now,
                {"kind": kind, "key": key, "due_at": due_at.isoformat(), "payload": payload},
                unit.service,
            )
            for kind, key, due_at, payload in sorted(due, key=lambda row: row["due_at"])
        ]

    async def _schedule(self, unit: UnitOfWork, schedule: Schedule) -> list[Message]:
        start = insert(table_of(ScheduleRow)).values(name=schedule.name, last_due_at=unit.now)
        await unit.connection.execute(start.on_conflict_do_nothing())
        last = await unit.connection.scalar(_SCHEDULE, {"name": schedule.name})
        due = schedule.due_between(last, unit.now)
        if due:
            update = text("update kernel.schedule set last_due_at = :at where name = :name")
            await unit.connection.execute(update, {"at": due[-1], "name": schedule.name})
        return [
            internal_message(
                f"schedule:{schedule.name}",
                moment.isoformat(),
                schedule.name,
                unit.now,
                {"kind": schedule.name, "key": schedule.name, "due_at": moment.isoformat(), "payload": {}},
                unit.service,
            )
            for moment in due
        ]
