"""A returns file of a hundred thousand rows, one in a hundred bad, against COPY of the same rows and one update.

Ours: the file is read, every row judged against its line, entitlements locked, lines changed, the returned ones looked
at again, the error file written, audit and commit. Bare: the rows by COPY into a table, one set-based update of a table
with the lines' columns, keys, indexes and checks.
"""

import asyncio
import io
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from benchmarks.payroll import families
from benchmarks.result import Result
from services.relief.benefits.rates import PAYMENTS
from services.relief.benefits.rules import DIBAO
from shared.db.database import Database
from shared.db.principals import system_principal
from shared.money import to_decimal
from shared.payments import returns_file
from suite.postgres import EmbeddedPostgres

BAR = 2.0
ROWS = 100_000
ROUNDS = 3
_OFFICER = system_principal("benchmark")
_AT_THE_BANK = (
    "update kernel.payment_line set state = 'SENT', reason = ''",
    "update kernel.payment_batch set state = 'SENT', sent_at = now(), sent_by = 'bank', reconciled_at = null",
    "drop table if exists bare_line, bare_return",
    "create table bare_line (like kernel.payment_line including all)",
    "insert into bare_line overriding system value select * from kernel.payment_line",
    "create unlogged table bare_return (line_id bigint, outcome text, amount numeric, reason text)",
    "vacuum analyze",
    "checkpoint",
)
_TAKEN_IN = """update bare_line l
    set state = case r.outcome when '成功' then 'PAID' when '失败' then 'RETURNED' else 'UNKNOWN' end,
        reason = coalesce(r.reason, ''), changed_at = now()
    from bare_return r where l.id = r.line_id and l.state = 'SENT' and r.amount * 100 = l.amount_fen"""


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    amount_fen: int


def measure(rows: int = ROWS) -> Result:
    """Seconds of both, medians of rounds in turns."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        address = server.start()
        try:
            return asyncio.run(_measure(families.Place.of(address), rows))
        finally:
            server.stop()


async def _measure(place: families.Place, rows: int) -> Result:
    database = await families.fill(place, rows + rows // 40)  # one household in fifty is due nothing
    try:
        batch_id, lines = await _sent(database)
        file, bad = _file(lines[:rows])
        ours, bare = [], []
        for _ in range(ROUNDS):
            async with place.administrator() as connection:
                for statement in _AT_THE_BANK:
                    await connection.execute(text(statement))
            bare.append(await _copied(place, file))
            ours.append(await _taken_in(database, batch_id, file, bad))
    finally:
        await database.close()
    return Result.measured(
        "reconcile",
        statistics.median(ours),
        statistics.median(bare),
        "s",
        bar=BAR,
        better="lower",
        note=f"{len(lines[:rows]):,} rows, {bad:,} of them bad and named in the error file; {ROUNDS} rounds in turns",
    )


async def _sent(database: Database) -> tuple[str, list[_Line]]:
    async with database.unit(_OFFICER, "fill", worker=True) as unit:
        await unit.execute(text("set local statement_timeout = 0"))
        batch = await PAYMENTS.open_batch(unit, families.SCHEMES[DIBAO], families.MONTH, families.AREA)
        await PAYMENTS.run(unit, batch.id)
    async with database.unit(_OFFICER, "look", worker=True) as unit:
        found = await unit.execute(text("select id, amount_fen from kernel.payment_line order by id"))
        return batch.id, [_Line(row.id, row.amount_fen) for row in found]


def _file(lines: Sequence[_Line]) -> tuple[bytes, int]:
    """As the bank writes it: of a hundred rows one names a wrong amount, two came back, one is not known."""
    out = io.StringIO()
    out.write(",".join(returns_file.HEADER) + "\r\n")
    bad = 0
    for number, line in enumerate(lines):
        is_bad = number % 100 == 0
        bad += is_bad
        outcome = {1: "失败", 51: "失败", 2: "不明"}.get(number % 100, "成功")
        reason = "账户已销户" if outcome == "失败" else ""
        out.write(f"{line.id},{outcome},{to_decimal(line.amount_fen + is_bad)},{reason}\r\n")
    return out.getvalue().encode(), bad


async def _taken_in(database: Database, batch_id: str, content: bytes, bad: int) -> float:
    begun = perf_counter()
    async with database.unit(_OFFICER, "returns", worker=True) as unit:
        file = returns_file.read(content)
        done = await PAYMENTS.answer(unit, batch_id, file.given)
        faults = file.faults(done.answers)
        errors = returns_file.write_faults(faults)
        unit.note(detail={"rows": len(file.cells), "errors": len(faults)})
    seconds = perf_counter() - begun
    named = errors.count("\r\n") - 1
    if named != bad:
        raise RuntimeError(f"{named} rows in the error file, {bad} were bad")
    return seconds


async def _copied(place: families.Place, content: bytes) -> float:
    begun = perf_counter()
    async with place.administrator() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.copy_to_table("bare_return", source=io.BytesIO(content), format="csv", header=True)
        await connection.execute(text(_TAKEN_IN))
    return perf_counter() - begun
