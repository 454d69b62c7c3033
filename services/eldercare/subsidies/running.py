"""The monthly batches, and what must be up to date before money is computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.rates import follow_levels, keep_rates
from shared.db.unit import UnitOfWork
from shared.payments.batches import BatchOpen


@dataclass(frozen=True, slots=True)
class Filled:
    """One batch of a run."""

    scheme: str
    batch_id: str
    added: int
    added_fen: int


async def run(unit: UnitOfWork, month: date, area_code: str) -> list[Filled]:
    """Make the month's batches of both schemes in an area; again adds only what has become due since.

    Raises AreaOutside, MonthOutOfReach, BatchOpen.
    """
    await keep_rates(unit)
    await follow_levels(unit)
    return [await _fill(unit, scheme, month, area_code) for scheme in PAYMENTS.schemes]


async def run_everywhere(unit: UnitOfWork, month: date) -> list[tuple[str, str]]:
    """The same for every district with running subsidies. `(district, scheme)` where a draft of another month still
    waits for its check: what is missing comes with the next run."""
    await keep_rates(unit)
    await follow_levels(unit)
    waiting = []
    for district in (await unit.execute(_DISTRICTS)).scalars().all():
        for scheme in PAYMENTS.schemes:
            try:
                await _fill(unit, scheme, month, f"{district}000000")
            except BatchOpen:
                waiting.append((district, scheme))
    return waiting


async def _fill(unit: UnitOfWork, scheme: str, month: date, area_code: str) -> Filled:
    batch = await PAYMENTS.open_batch(unit, scheme, month, area_code)
    done = await PAYMENTS.run(unit, batch.id)
    if not batch.line_count:
        await PAYMENTS.check(unit, batch.id)  # an empty draft must not stand in the way of the next month
    return Filled(scheme, batch.id, done.lines, sum(part.total_fen for part in done.ranges))


_DISTRICTS = text("select distinct left(area_code, 6) from subsidy where entitlement_id is not null order by 1")


async def prepare_settling(unit: UnitOfWork, person_id: str) -> None:
    """Before a person's months are computed: rates and her level are as they should be."""
    await keep_rates(unit)
    await follow_levels(unit, person_id)
