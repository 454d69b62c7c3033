"""The nightly four-colour run over a million persons against a bare scan-and-write on the same server.

Ours is the product's own night: every fact gathered and counted, levels written, warnings raised with their limits,
log and events, under row security, a transaction a key range. It is the first night, in which every family is new; the
next one, in which nothing has changed, is told beside it. Bare: the same tables read once by the same key ranges, and
the finished rows written into tables with the same columns, keys, indexes and checks.
"""

import asyncio
import os
import resource
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.result import Result
from benchmarks.warning.families import DAY, Place, filled
from services.relief.warnings.tables import WarningRun

BAR = 4.0
MEMORY = 300 << 20
PERSONS = 1_000_000
ROUNDS = 3
_NEXT_DAY = date(DAY.year, DAY.month, DAY.day + 1)


def measure(persons: int = PERSONS) -> Result:
    """Seconds of both, medians of interleaved rounds."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the database server may run as another user
        return asyncio.run(_measure(Path(folder), persons))


async def _measure(folder: Path, persons: int) -> Result:
    ours: list[float] = []
    again: list[float] = []
    bare: list[float] = []
    families = calls = 0
    async with filled(folder, persons) as place:
        for _ in range(ROUNDS):
            await place.forget()
            seconds, run = await _timed_night(place, DAY)
            ours.append(seconds)
            families, calls = run.families, run.calls
            seconds, run = await _timed_night(place, _NEXT_DAY)
            again.append(seconds)
            if run.calls or run.families != families:
                raise RuntimeError(f"the second night is not like the first: {run}")
            await place.finish()
            begun = time.perf_counter()
            await place.scan_and_write()
            bare.append(time.perf_counter() - begun)
        levels = await place.levels()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    if memory > MEMORY:
        raise RuntimeError(f"the application took {memory >> 20} MiB")
    night, quiet, reference = (statistics.median(each) for each in (ours, again, bare))
    return Result.measured(
        "warning",
        night,
        reference,
        "s",
        bar=BAR,
        better="lower",
        note=f"{persons:,} persons in {families:,} families, {calls:,} warnings raised ({levels}); the next night, "
        f"nothing changed, {quiet:.1f} s, ratio {quiet / reference:.2f}; application at most {memory >> 20} MiB; "
        f"load average {os.getloadavg()[0]:.1f}",
    )


async def _timed_night(place: Place, day: date) -> tuple[float, WarningRun]:
    begun = time.perf_counter()
    run = await place.night(day)
    return time.perf_counter() - begun, run
