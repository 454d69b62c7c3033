"""What stands in the database: how old is the oldest event, what is parked, what is late, and what waits for a loop.

Only a process that works measures them. A value is shown while it is true: when the database does not answer, or the
measuring hangs, the gauges are taken away and `puyou_database_up` is 0, so that nobody reads an old value as a new one.
"""

import asyncio
from collections.abc import Callable, Iterable

from shared.db.database import Database
from shared.db.principals import system_principal
from shared.observability import metrics
from shared.onething.tables import OPEN

STALE_SECONDS = 15.0
"""A value that was not measured again within this is no longer shown."""

_OPEN = ", ".join(f"'{status}'" for status in OPEN)  # written out, or the planner does not see that an index fits
_MEASURE = (
    "select (select extract(epoch from $1 - min(created_at)) from kernel.outbox where sent_at is null),"  # noqa: S608 - our own words
    " (select extract(epoch from $1 - min(received_at)) from kernel.inbox where state = 'pending'),"
    " (select count(*) from kernel.inbox where state = 'pending'),"
    " (select count(*) from kernel.inbox where state = 'parked'),"
    " (select count(*) from kernel.blocked_stream),"
    " (select extract(epoch from $1 - min(due_at)) from kernel.timer where fired_at is null),"
    " (select count(*) from kernel.outgoing_call where state = 'PENDING'),"
    " (select count(*) from kernel.outgoing_call where state = 'MANUAL'),"
    " (select count(*) from kernel.audit where tx >= coalesce((select max(below_tx) from kernel.audit_block), 0)),"
    f" (select count(*) from kernel.matter_task where status in ({_OPEN}) and due_sort < $1),"
    " (select count(*) from kernel.notice where state = 'PENDING' and next_at <= $1)"
)
_STANDING = (
    *(metrics.OUTBOX_AGE, metrics.INBOX_AGE, metrics.INBOX_PENDING, metrics.PARKED, metrics.BLOCKED),
    *(metrics.TIMER_AGE, metrics.CALLS_PENDING, metrics.CALLS_MANUAL, metrics.UNSEALED, metrics.TASKS_OVERDUE),
)


class Standing:
    """Keeps one service's gauges, and wakes the loops that something waits for: one look instead of one by each."""

    batch = 1

    def __init__(self, database: Database, wake: Callable[[Iterable[str]], None]) -> None:
        self._database = database
        self._wake = wake
        self._service = database.service
        self._who = system_principal(f"{database.service}.standing")
        self._stale: asyncio.TimerHandle | None = None

    async def work(self) -> int:
        """Measure once; 0, there is never more to do at once."""
        try:
            async with self._database.unit(self._who, f"{self._service}.standing", worker=True) as unit:
                unit.audited = False
                [found] = await unit.driver.fetch(_MEASURE, unit.now)
        except BaseException:
            self._lose()
            raise
        *measured, notices = found
        for gauge, value in zip(_STANDING, measured, strict=True):
            gauge.labels(self._service).set(max(0.0, float(value or 0)))
        metrics.DATABASE_UP.labels(self._service).set(1)
        self._disarm()
        self._stale = asyncio.get_running_loop().call_later(STALE_SECONDS, self._lose)
        unsent, _, pending, _, _, due_since, calls, _, unsealed, _ = measured
        waiting = {
            "relay": unsent is not None,
            "inbox": pending,
            "alarm": due_since is not None and due_since >= 0,
            "calls": calls,
            "seal": unsealed,
            "notices": notices,
        }
        self._wake(name for name, is_waited_for in waiting.items() if is_waited_for)
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
