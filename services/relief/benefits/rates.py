"""Keeping the rates in the database equal to the parameter files; the payments of relief."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import delete, select, text

from services.relief.benefits.due import ONE_OFF, SCHEMES
from services.relief.benefits.rules import care_of, destitute_standard, supplement_of
from services.relief.benefits.tables import BenefitRate
from services.relief.law import parameters
from shared.china import areas
from shared.contracts.payments import RELIEF
from shared.contracts.relief import StandardChanged
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.payments import Payments, Run, month_of
from shared.payments.batches import RANGE
from shared.payments.entitlements import reconsider_scheme
from shared.policy import InForce, NoValue

_LOCK = text("select pg_advisory_xact_lock(7090, 1)")
_KEYS = (
    "dibao.standard",
    "supplements.shares",
    "supplements.aged_from",
    "supplements.adult_from",
    "tekun.ratio",
    "tekun.care_shares",
    "marginal.minimum_wage",
)
Rate = dict[str, Any]
_worked_out: dict[str, list[Rate]] = {}


def rates() -> list[Rate]:
    """The rows of the parameter files: for each area with values of its own, one for each day something changes."""
    current = parameters()
    if current.digest not in _worked_out:
        dated = [(value.area, value.from_date) for key in _KEYS for value in current[key].values]
        rows = []
        for area in sorted({area for area, _ in dated}):
            for day in sorted({day for prefix, day in dated if area.startswith(prefix)}):
                try:
                    rows.append(_rate(area, day, current.at(day, area)))
                except NoValue:  # before the first standard of all
                    continue
        _worked_out.clear()
        _worked_out[current.digest] = rows
    return _worked_out[current.digest]


def _rate(area: str, day: date, values: InForce) -> Rate:
    return {
        "area": area,
        "from_date": day,
        "standard_fen": values.fen("dibao.standard"),
        "severe_disability_fen": supplement_of(values, "SEVERE_DISABILITY"),
        "critical_illness_fen": supplement_of(values, "CRITICAL_ILLNESS"),
        "single_parent_child_fen": supplement_of(values, "SINGLE_PARENT_CHILD"),
        "aged_fen": supplement_of(values, "AGED"),
        "minor_fen": supplement_of(values, "MINOR"),
        "aged_from": values.whole("supplements.aged_from"),
        "adult_from": values.whole("supplements.adult_from"),
        "destitute_fen": destitute_standard(values),
        "care_partly_fen": care_of(values, "PARTLY"),
        "care_fully_fen": care_of(values, "FULLY"),
    }


async def keep_rates(unit: UnitOfWork) -> None:
    """Take over the parameter files; where they changed, the next run looks at the months from there on again.
    Called before anything is granted, settled or run; nothing happens when nothing changed."""
    if not _changed(await _kept(unit)):
        return
    async with unit.elevated("benefits: rates of the parameter files"):
        await unit.execute(_LOCK)
        kept = await _kept(unit)
        changed = _changed(kept)
        if not changed:
            return
        await unit.execute(delete(table_of(BenefitRate)))
        await unit.enter(BenefitRate, rates())
        if kept:  # nothing was decided by an empty table
            for scheme in SCHEMES:
                await reconsider_scheme(unit, scheme.code, month_of(min(row["from_date"] for row in changed)))
            _announce(unit, kept)


async def _kept(unit: UnitOfWork) -> list[Rate]:
    table = table_of(BenefitRate)
    rows = await unit.execute(select(table).order_by(table.c.area, table.c.from_date))
    return [dict(row) for row in rows.mappings()]


def _changed(kept: list[Rate]) -> list[Rate]:
    now = rates()
    return [row for row in kept if row not in now] + [row for row in now if row not in kept]


def _announce(unit: UnitOfWork, kept: list[Rate]) -> None:
    for value in parameters()["dibao.standard"].values:
        before = [row for row in kept if row["area"] == value.area and row["from_date"] <= value.from_date]
        if not before or before[-1]["standard_fen"] != value.value:
            assert isinstance(value.value, int)
            event = StandardChanged(kind="dibao.standard", value=value.value, from_date=value.from_date)
            unit.emit(event, area_code=areas.full(value.area) if value.area else "")


class ReliefPayments(Payments):
    """The payment engine, after a look at the parameter files."""

    async def run(self, unit: UnitOfWork, batch_id: str, *, size: int = RANGE, max_ranges: int | None = None) -> Run:
        """See Payments.run."""
        await keep_rates(unit)
        return await super().run(unit, batch_id, size=size, max_ranges=max_ranges)


PAYMENTS = ReliefPayments([*SCHEMES, ONE_OFF], RELIEF)
