"""Gauges that come from the database: how old is the oldest event, what is parked, what is late.

Only a process that works measures them. A value is shown while it is true: when the database does not answer, or the
measuring hangs, the gauges are taken away and `puyou_database_up` is 0, so that nobody reads an old value as a new one.
"""

import asyncio

from sqlalchemy import text

from shared.db.database import Database
from shared.db.principals import system_principal
from shared.observability import metrics
from shared.onething.tables import OPEN

STALE_SECONDS = 15.0
"""A value that was not measured again within this is no longer shown."""

_STANDING = {
    metrics.OUTBOX_AGE: "extract(epoch from :now - min(created_at)) from kernel.outbox where sent_at is null",
    metrics.INBOX_AGE: "extract(epoch from :now - min(received_at)) from kernel.inbox where state = 'pending'",
    metrics.INBOX_PENDING: "count(*) from kernel.inbox where state = 'pending'",
    metrics.PARKED: "count(*) from kernel.inbox where state = 'parked'",
    metrics.BLOCKED: "count(*) from kernel.blocked_stream",
    metrics.TIMER_AGE: "extract(epoch from :now - min(due_at)) from kernel.timer where fired_at is null",
    metrics.TASKS_OVERDUE: f"count(*) from kernel.matter_task where {OPEN} and due_sort < :now",
    metrics.CALLS_PENDING: "count(*) from kernel.outgoing_call where state = 'PENDING'",
    metrics.CALLS_MANUAL: "count(*) from kernel.outgoing_call where state = 'MANUAL'",
    metrics.UNSEALED: "count(*) from kernel.audit"
    " where tx >= coalesce((select max(below_tx) from kernel.audit_block), 0)",
}
_MEASURE = text("select " + ", ".join(f"(select {one})" for one in _STANDING.values()))


class Standing:
    """Keeps one service's gauges."""

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
                values = (await unit.connection.execute(_MEASURE, {"now": unit.now})).one()
        except BaseException:
            self._lose()
            raise
        for gauge, value in zip(_STANDING, values, strict=True):
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
