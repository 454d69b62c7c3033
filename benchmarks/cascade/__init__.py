"""A death is confirmed: how long until every service has done its part and said so, seen through the gateway.

Embedded in one process and, where PostgreSQL and RabbitMQ servers answer at their usual places, as processes. The
reference is what the database alone would take: the round trips one cascade makes, each at the price of an empty one.
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from benchmarks.result import Result
from shared.process.serving import run
from shared.settings import Settings
from suite.distributed.launching import NotPrepared, launching
from suite.distributed.preparing import remove
from suite.serve import serving
from suite.story.people import Cast
from suite.story.play import SEATS, confirmations, unused

RUNS = 12
WARM_UP = 2
_ROUND_TRIPS = 500
EMBEDDED_MS, DISTRIBUTED_MS = 300, 1000


def measure() -> Result:
    """Milliseconds, median of the embedded suite."""
    with tempfile.TemporaryDirectory() as folder:
        embedded, trips, price = run(_embedded(Path(folder) / "embedded"))
        distributed = asyncio.run(_distributed(Path(folder) / "distributed"))
    return Result.measured(
        "cascade",
        embedded,
        trips * price,
        "ms",
        bar=None,
        better="lower",
        note=(
            f"embedded {embedded:.0f} ms (to be ≤ {EMBEDDED_MS}), distributed {distributed}"
            f" (to be ≤ {DISTRIBUTED_MS}); {trips:.0f} round trips of {price:.3f} ms;"
            f" load average {os.getloadavg()[0]:.1f}"
        ),
    )


class _Trips:
    """Counts what goes to the database: SQLAlchemy's statements, and what is said to the driver directly."""

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> "_Trips":
        event.listen(Engine, "before_cursor_execute", self._of_engine)
        event.listen(Pool, "connect", self._of_driver)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._of_engine)
        event.remove(Pool, "connect", self._of_driver)

    def _of_engine(self, *_: object) -> None:
        self.number += 1

    def _of_driver(self, connection: object, _record: object) -> None:
        driver: asyncpg.Connection[asyncpg.Record] = connection.driver_connection  # type: ignore[attr-defined]
        driver.add_query_logger(self._of_engine)


async def _embedded(home: Path) -> tuple[float, float, float]:
    """Milliseconds, round trips and milliseconds of one."""
    with _Trips() as trips:
        async with serving(Settings(env="dev", home=home, port=0)) as running:
            async with _cast(running.settings, running.address) as cast:
                people = await unused(cast)
                await confirmations(cast, people[:WARM_UP])
                before = trips.number
                seconds = await confirmations(cast, people[WARM_UP : WARM_UP + RUNS])
                made = (trips.number - before) / len(seconds)
            price = await _price_of_a_trip(running.settings)
    return statistics.median(seconds) * 1000, made, price


async def _price_of_a_trip(settings: Settings) -> float:
    connection = await asyncpg.connect(
        host=settings.database_host,
        port=settings.database_port,
        user=f"{settings.database_prefix}_brain_app",
        password=settings.database_password,
        database=f"{settings.database_prefix}_brain",
    )
    try:
        begun = perf_counter()
        for _ in range(_ROUND_TRIPS):
            await connection.fetchval("select 1")
        return (perf_counter() - begun) / _ROUND_TRIPS * 1000
    finally:
        await connection.close()


async def _distributed(home: Path) -> str:
    """The median as text, or why there is none."""
    settings = Settings(env="dev", home=home, port=0)
    try:
        async with launching(settings, say=lambda _: None) as launched:
            try:
                async with _cast(launched.settings, launched.address) as cast:
                    people = await unused(cast)
                    await confirmations(cast, people[:WARM_UP])
                    seconds = await confirmations(cast, people[WARM_UP : WARM_UP + RUNS])
            finally:
                placed = launched.settings
        await remove(placed)
    except NotPrepared as missing:
        return f"not measured, {missing}"
    return f"{statistics.median(seconds) * 1000:.0f} ms"


@asynccontextmanager
async def _cast(settings: Settings, address: str) -> AsyncIterator[Cast]:
    async with Cast(settings, address) as cast:
        await cast.take_seats(*SEATS)
        yield cast
