"""The worker that delivers. It holds no transaction while it waits for the channel."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from shared import clock
from shared.db import crash
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.notices.port import Delivery, NoticePort

log = logging.getLogger("puyou.notices")

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Waits between tries; the last one is repeated until the channel is back."""

_AT_ONCE = 8
_LEASE = timedelta(seconds=60)

# The stop is looked at again here: it may have come after the message was written.
_CLAIM = (
    "with due as (select id, person_id from kernel.notice where state = 'PENDING' and next_at <= $1"
    " and (leased_until is null or leased_until < $1) order by next_at, id limit $3 for update skip locked),"
    " looked as (select due.id, exists (select from kernel.notice_stop s where s.person_id = due.person_id"
    " and s.lifted_at is null) as is_stopped from due)"
    " update kernel.notice n set state = case when l.is_stopped then 'SUPPRESSED' else n.state end,"
    " attempts = least(n.attempts + 1, 30000), leased_until = $2 from looked l where n.id = l.id"
    " returning n.id, n.person_id, n.channel, n.template, n.text, n.case_id, n.attempts, l.is_stopped"
)
_SENT = (
    "update kernel.notice set state = 'SENT', sent_at = $1, leased_until = null"
    " where id = any($2) and state = 'PENDING'"
)
_LATER = "update kernel.notice set next_at = $1, leased_until = null where id = $2 and state = 'PENDING'"


class NoticeWorker:
    """Delivers one service's messages, several at once."""

    batch = _AT_ONCE

    def __init__(self, database: Database, port: NoticePort) -> None:
        self._database = database
        self._port = port
        self._who = system_principal(f"{database.service}.notices")

    async def work(self) -> int:
        """Deliver what is due now; returns how many messages were looked at."""
        now = clock.now()
        async with self._database.unit(self._who, f"{self._database.service}.notices:claim", worker=True) as unit:
            unit.audited = False
            rows = await unit.driver.fetch(_CLAIM, now, now + _LEASE, _AT_ONCE)
        going = [(Delivery(*row[:6]), int(row["attempts"])) for row in rows if not row["is_stopped"]]
        if going:
            gone = await asyncio.gather(*(self._deliver(delivery) for delivery, _ in going))
            crash.reached(f"{self._database.service}.notices:delivered")
            await self._keep(going, gone)
        return len(rows)

    async def _deliver(self, delivery: Delivery) -> bool:
        try:
            await self._port.deliver(delivery)
        except Exception as error:  # noqa: BLE001 - whatever ails the channel, the message waits
            log.warning("notice not delivered", extra={"notice": delivery.id, "error": type(error).__name__})
            return False
        return True

    async def _keep(self, going: list[tuple[Delivery, int]], gone: list[bool]) -> None:
        async with self._database.unit(self._who, f"{self._database.service}.notices:keep", worker=True) as unit:
            unit.audited = False
            sent = [delivery.id for (delivery, _), ok in zip(going, gone, strict=True) if ok]
            await unit.driver.execute(_SENT, unit.now, sent)
            for (delivery, attempts), ok in zip(going, gone, strict=True):
                if not ok:
                    wait = BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
                    await unit.driver.execute(_LATER, unit.now + wait, delivery.id)
