"""The connections of one login, kept open and lent to one unit at a time.

SQLAlchemy opens them. Its own pool would cost each unit as much as a query: it runs in a greenlet and makes a new
`Connection` for whoever takes the same line again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic, perf_counter
from typing import cast

import asyncpg
from prometheus_client import Histogram
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.kept import Driver
from shared.db.problems import Unavailable

_OLDEST_SECONDS = 1800.0


class Line:
    """An open connection: SQLAlchemy's, and the driver's below it."""

    __slots__ = ("_old_at", "connection", "driver")

    def __init__(self, connection: AsyncConnection) -> None:
        assert connection.sync_connection is not None
        self.connection = connection
        self.driver = cast(Driver, connection.sync_connection.connection.driver_connection)
        self._old_at = monotonic() + _OLDEST_SECONDS

    @property
    def is_fit(self) -> bool:
        """Whether another unit may have it: the server is there, nothing is under way, it has not grown old."""
        return not self.driver.is_closed() and not self.driver.is_in_transaction() and monotonic() < self._old_at

    async def roll_back(self) -> None:
        """End the transaction, if there is one (who broke off an opening cannot know); else hang up."""
        try:
            if not self.driver.is_closed():
                await self.driver.execute("rollback")
        except BaseException as error:
            self.driver.terminate()
            if not isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
                raise

    async def clear(self) -> None:
        """What SQLAlchemy believes to be its transaction ends too; nothing is sent, it knows of no real one."""
        if self.connection.in_transaction():
            await self.connection.rollback()

    async def close(self) -> None:
        """Hang up; without a word where somebody might still be waiting for an answer."""
        if not self.driver.is_closed() and self.driver.is_in_transaction():
            self.driver.terminate()
        await self.connection.close()


class Pool:
    """At most `size` lines; whoever waits longer than `wait_seconds` for one gets `Unavailable`."""

    def __init__(self, url: URL, name: str, size: int, wait_seconds: float, wait: Histogram) -> None:
        self.engine = create_async_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # the unit itself says begin and commit, to the driver
            hide_parameters=True,  # errors end up in logs and before operators: values of rows do not
            connect_args={
                "server_settings": {
                    "application_name": name,
                    "timezone": "UTC",
                    "jit": "off",
                    "lock_timeout": "2000",
                    "statement_timeout": "15000",
                    "idle_in_transaction_session_timeout": "30000",
                }
            },
        )
        self._wait_seconds = wait_seconds
        self._wait = wait
        self._free = asyncio.Semaphore(size)
        self._idle: list[Line] = []  # the one used last is taken first: the others may grow old

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A line for this block. Raises `Unavailable` when none comes free, or nobody listens at the address."""
        began = perf_counter()
        try:
            await self._turn()
            try:
                line = await self._take()
            except BaseException:
                self._free.release()
                raise
        finally:
            self._wait.observe(perf_counter() - began)
        try:
            yield line
        finally:
            try:
                await self._give_back(line)
            finally:
                self._free.release()

    async def close(self) -> None:
        """Hang up all that nobody uses."""
        while self._idle:
            await self._idle.pop().close()

    async def _turn(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable(headers={"Retry-After": "2"}) from None

    async def _take(self) -> Line:
        while self._idle:
            line = self._idle.pop()
            if line.is_fit:
                return line
            await line.close()
        try:
            return Line(await self.engine.connect())
        except OSError as error:
            raise away() from error

    async def _give_back(self, line: Line) -> None:
        if line.is_fit:
            await line.clear()
            self._idle.append(line)
        else:
            await line.close()


def away() -> Unavailable:
    """Nobody answers at the database's address, or it is on its way out."""
    return Unavailable("database_away", "数据库暂时不可用，请稍后再试", headers={"Retry-After": "5"})
