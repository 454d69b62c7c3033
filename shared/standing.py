"""Gauges that come from the database: how old is the oldest event, what is parked, what is late.

Only a process that works measures them. A value is shown while it is true: when the database does not answer, or the
measuring hangs, the gauges are taken away and `puyou_database_up` is 0, so that nobody reads an old value as a new one.
"""

import asyncio

from sqlalchemy import bindparam, func, select, text
from sqlmodel import col

from shared.db.database import Database
from shared.db.principals import system_principal
from shared.observability import metrics
from shared.onething.tables import OPEN, MatterTask

STALE_SECONDS = 15.0
"""A value that was not measured again within this is no longer shown."""

_MEASURE = text(
    "select (select extract(epoch from :now - min(created_at)) from kernel.outbox where sent_at is null),"
    " (select extract(epoch from :now - min(received_at)) from kernel.inbox where state = 'pending'),"
    " (select count(*) from kernel.inbox where state = 'pending'),"
    " (select count(*) from kernel.inbox where state = 'parked'),"
    " (select count(*) from kernel.blocked_stream),"
    " (select extract(epoch from :now - min(due_at)) from kernel.timer where fired_at is null),"
    " (select count(*) from kernel.outgoing_call where state = 'PENDING'),"
    " (select count(*) from kernel.outgoing_call where state = 'MANUAL'),"
    " (select count(*) from kernel.audit where tx >= coalesce((select max(below_tx) from kernel.audit_block), 0))"
)
_OVERDUE = select(func.count()).where(
    # written out, or the planner does not see that the partial index fits
    col(MatterTask.status).in_(bindparam("open", OPEN, expanding=True, literal_execute=True)),
    col(MatterTask.due_sort) < bindparam("now"),
)
_STANDING = (
    *(metrics.OUTBOX_AGE, metrics.INBOX_AGE, metrics.INBOX_PENDING, metrics.PARKED, metrics.BLOCKED),
    *(metrics.TIMER_AGE, metrics.CALLS_PENDING, metrics.CALLS_MANUAL, metrics.UNSEALED, metrics.TASKS_OVERDUE),
)


class Standing:
    """Keeps one service's gauges."""

    batch = 1

    def __init__(self, database: Database) -> None:
        self._database = database
        self._service = database.service
        self._who = system_principal(f"{database.service}.standing")
        self._stale: asyncio.TimerHandle | None = None

    async def work(self) -> int:
        """Measure once; 0, there is never more to do at once."""
        try:
            async with self._database.unit(self._who, f"{self._service}.standing", worker=True) as unit:
                unit.audited = False
                [measured] = await unit.rows(_MEASURE, {"now": unit.now})
                [overdue] = await unit.rows(_OVERDUE, {"now": unit.now})
        except BaseException:
            self._lose()
            raise
        for gauge, value in zip(_STANDING, (*measured, *overdue), strict=True):
            gauge.labels(self._service).set(max(0.0, float(value or 0)))
        metrics.DATABASE_UP.labels(self._service).set(1)
        self._disarm()
        self._stale = asyncio.get_running_loop().call_later(STALE_SECONDS, self._lose)
        return 0

    def forget(self) -> None:
        """The service's work ends here: it is for others to measure."""
        self._disarm()
        for gauge in (*_STANDING, metrics.DATABASE_UP):
            gauge.remove_by_labels({"service": self._service})

    def _lose(self) -> None:
        self.forget()
        metrics.DATABASE_UP.labels(self._service).set(0)

    def _disarm(self) -> None:
        if self._stale:
            self._stale.cancel()
            self._stale = None
