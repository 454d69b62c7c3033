"""A month's 低保 of a million households, against one bare INSERT … SELECT of the very same lines.

Ours: who is due what (members counted, income in force, supplements, ends), a line for each with the decision it rests
on, an audit row a key range with the SM3 of its lines, all under row security; in units of ten ranges, each committed.
Bare: the finished lines from one table into another with the same columns, keys, indexes and checks, in one statement.
"""

import asyncio
import resource
import tempfile
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from benchmarks.payroll import families
from benchmarks.result import Result
from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.rules import DIBAO
from shared.db.database import Database
from shared.db.principals import system_principal
from suite.postgres import EmbeddedPostgres

BAR = 3.0
HOUSEHOLDS = 1_000_000
RANGES_A_UNIT = 10
MEMORY = 300 << 20
_OFFICER = system_principal("benchmark")
_BARE = (
    "create table bare_line (like kernel.payment_line including all)",
    "create table finished_line as select * from kernel.payment_line",
    "analyze finished_line",
    "checkpoint",
)
_COPIED = "insert into bare_line overriding system value select * from finished_line"


def measure(households: int = HOUSEHOLDS) -> Result:
    """Seconds of both, the one after the other on one server; run again, ours must add nothing."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        address = server.start()
        try:
            return asyncio.run(_measure(families.Place.of(address), households))
        finally:
            server.stop()


async def _measure(place: families.Place, households: int) -> Result:
    database = await families.fill(place, households)
    try:
        before = _peak()
        seconds, lines = await _pay(database)
        memory = _peak()
        again, added = await _pay(database)
    finally:
        await database.close()
    if added or not 0.9 * households < lines <= households:
        raise RuntimeError(f"{lines} lines for {households} households, and {added} when run again")
    if memory > MEMORY:
        raise RuntimeError(f"the application took {memory >> 20} MiB")
    bare = await _copy(place)
    return Result.measured(
        "payroll",
        seconds,
        bare,
        "s",
        bar=BAR,
        better="lower",
        note=f"{households:,} households, {lines:,} lines; application at most {memory >> 20} MiB "
        f"(before: {before >> 20}); run again: 0 lines, {again:.1f} s",
    )


async def _pay(database: Database) -> tuple[float, int]:
    """Fill the month's draft; seconds, and lines added."""
    begun, lines, done = perf_counter(), 0, False
    while not done:
        async with database.unit(_OFFICER, "payroll", worker=True) as unit:
            batch = await PAYMENTS.open_batch(unit, families.SCHEMES[DIBAO], families.MONTH, families.AREA)
            run = await PAYMENTS.run(unit, batch.id, max_ranges=RANGES_A_UNIT)
            lines, done = lines + run.lines, run.done
    return perf_counter() - begun, lines


async def _copy(place: families.Place) -> float:
    async with place.administrator() as connection:
        for statement in _BARE:
            await connection.execute(text(statement))
        begun = perf_counter()
        await connection.execute(text(_COPIED))
        return perf_counter() - begun


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
