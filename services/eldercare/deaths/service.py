"""Reporting a death (event 31)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import date

from sqlalchemy import select
from sqlmodel import col

from services.eldercare.deaths.rules import check_death_date, source_of
from services.eldercare.deaths.tables import DeathReport
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from services.eldercare.law import in_force
from shared.contracts.eldercare import ElderDeathReported
from shared.db.principals import Scope
from shared.db.problems import Conflict, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["DeathReport"]


class DeathAlreadyConfirmed(Conflict):
    code = "death_already_confirmed"
    detail = "该老人的死亡已经确认"


async def report(unit: UnitOfWork, person_id: str, death_date: date, place: str, note: str) -> str:
    """Write down a report and tell affairs; returns its id. Saying the same again gives the same report.

    A resident reports for a close relative, whose file is outside her rows: that look-up goes under a name.
    Raises NotFound, DeathDateImpossible, DeathAlreadyConfirmed.
    """
    async with AsyncExitStack() as stack:
        if unit.principal.scope is Scope.PERSON:
            if not await elders.is_relative(unit, person_id, unit.principal.person_id):
                raise NotFound
            await stack.enter_async_context(unit.elevated("death.report: a relative"))
        return await _report(unit, person_id, death_date, place, note)


async def _report(unit: UnitOfWork, person_id: str, death_date: date, place: str, note: str) -> str:
    who = unit.principal
    elder = await unit.get(Elder, person_id, lock=True)
    oldest = in_force(unit.today, elder.area_code).whole("deaths.oldest")
    check_death_date(death_date, birth=elder.birth, today=unit.today, oldest_years=oldest)
    if not elders.is_alive(elder):
        raise DeathAlreadyConfirmed
    same = (
        (col(DeathReport.person_id) == person_id)
        & (col(DeathReport.reporter_id) == who.account_id)
        & (col(DeathReport.death_date) == death_date)
    )
    known: str | None = await unit.first(select(col(DeathReport.id)).where(same))
    if known is not None:
        return known
    source, unit_id = source_of(who, person_id)
    row = DeathReport(
        id=uuid7(),
        person_id=person_id,
        area_code=elder.area_code,
        org_id=elder.org_id,
        source=source,
        unit_id=unit_id,
        reporter_id=who.account_id,
        death_date=death_date,
        place=place,
        note=note,
        reported_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    reported = ElderDeathReported(
        report_id=row.id,
        person_id=person_id,
        source=source,
        unit_id=unit_id,
        reporter_id=who.account_id,
        death_date=death_date,
        place=place,
        reported_at=unit.now,
    )
    unit.emit(reported, area_code=elder.area_code)
    return row.id
