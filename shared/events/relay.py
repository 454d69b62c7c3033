"""The relay takes unsent outbox rows in order, publishes them and marks them sent.

One relay per service is active (session advisory lock). A crash between publish and mark sends the batch again;
the inbox drops what it has.
"""

import logging

from shared.db import crash
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.events.transport import Message, Transport, TransportAway

log = logging.getLogger("puyou.relay")

# No row locks: whoever holds the claim is the only one to look.
_UNSENT = "select id, type, subject, envelope from kernel.outbox where sent_at is null order by seq limit $1"
_SENT = "update kernel.outbox set sent_at = $1 where id = any($2)"
_CLAIM = "select pg_try_advisory_xact_lock(7088, 0)"


class Relay:
    """Moves one service's outbox onto the transport."""

    batch = 500

    def __init__(self, database: Database, transport: Transport) -> None:
        self._database = database
        self._transport = transport
        self._is_away = False
        self._who = system_principal(f"{database.service}.relay")

    async def work(self, limit: int = batch) -> int:
        """Publish one batch; returns its size, 0 while the broker is away. Raises when a subscriber's database is."""
        try:
            sent = await self._send(limit)
        except TransportAway as away:
            if not self._is_away:
                log.warning("broker away, events wait", extra={"service": self._database.service, "error": str(away)})
            self._is_away = True
            return 0
        self._is_away = self._is_away and not sent
        return sent

    async def _send(self, limit: int) -> int:
        service = self._database.service
        async with self._database.unit(self._who, f"{service}.relay", worker=True) as unit:
            unit.audited = False
            if not await unit.driver.fetchval(_CLAIM):
                return 0
            rows = await unit.driver.fetch(_UNSENT, limit)
            if not rows:
                return 0
            messages = [Message(id_, kind, f"{service}|{subject}", body) for id_, kind, subject, body in rows]
            await self._transport.publish(service, messages)
            crash.reached(f"{service}.relay:published")
            await unit.driver.execute(_SENT, unit.now, [message.id for message in messages])
        return len(messages)
