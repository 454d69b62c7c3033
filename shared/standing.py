"""Gauges that come from the database: how old is the oldest event, what is parked, what is not sealed."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text

from shared.db.database import Database
from shared.db.principals import system_principal
from shared.observability import metrics

_STANDING = text(
    "select (select extract(epoch from now() - min(created_at)) from kernel.outbox where sent_at is null),"
    " (select extract(epoch from now() - min(received_at)) from kernel.inbox where state = 'pending'),"
    " (select count(*) from kernel.inbox where state = 'pending'),"
    " (select count(*) from kernel.inbox where state = 'parked'), (select count(*) from kernel.blocked_stream),"
    " (select count(*) from kernel.audit where tx >= coalesce((select max(below_tx) from kernel.audit_block), 0))"
)


def measure_standing(database: Database) -> Callable[[], Awaitable[int]]:
    """A loop's work that refreshes the gauges of one service."""
    who = system_principal(f"{database.service}.standing")
    gauges = [metrics.OUTBOX_AGE, metrics.INBOX_AGE, metrics.INBOX_PENDING, metrics.PARKED, metrics.BLOCKED]
    gauges.append(metrics.UNSEALED)

    async def work() -> int:
        async with database.unit(who, f"{database.service}.standing", worker=True) as unit:
            unit.audited = False
            values = (await unit.connection.execute(_STANDING)).one()
        for gauge, value in zip(gauges, values, strict=True):
            gauge.labels(database.service).set(float(value or 0))
        return 0

    return work
