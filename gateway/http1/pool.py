"""Connections to one service, kept for the next call."""

import asyncio
import ssl
from collections import deque
from urllib.parse import urlsplit

from gateway.http1.service import ServiceConnection

# Shorter than any server's, or a call would meet a connection just being closed.
KEEP_ALIVE_SECONDS = 4.0


class Pool:
    """Places are the forwarder's to give, so the pool itself has no limit."""

    def __init__(self, base: str, connect_seconds: float) -> None:
        self._now = asyncio.get_running_loop().time
        address = urlsplit(base)
        self._host = address.hostname or ""
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._port = address.port or (443 if self._tls else 80)
        self._connect_seconds = connect_seconds
        self._idle: deque[ServiceConnection] = deque()  # the one used last is at the right

    def take_kept(self) -> ServiceConnection | None:
        """A kept connection, if there is one."""
        oldest_good = self._now() - KEEP_ALIVE_SECONDS
        while self._idle and (self._idle[0].lost or self._idle[0].idle_since < oldest_good):
            self._idle.popleft().end()
        while self._idle:
            connection = self._idle.pop()
            if not connection.lost:
                return connection
        return None

    async def take(self) -> ServiceConnection:
        """A kept connection, else a new one. Raises OSError (TimeoutError is one) when nobody takes it."""
        if (kept := self.take_kept()) is not None:
            return kept
        async with asyncio.timeout(self._connect_seconds):
            _, connection = await asyncio.get_running_loop().create_connection(
                ServiceConnection, self._host, self._port, ssl=self._tls
            )
        return connection

    def keep(self, connection: ServiceConnection) -> None:
        """Back from a call: for the next where it is fit for one."""
        if connection.reusable:
            connection.used = True
            connection.idle_since = self._now()
            self._idle.append(connection)
        else:
            connection.end()

    def close(self) -> None:
        """Let go of all that are idle."""
        while self._idle:
            self._idle.pop().end()
