"""Keeping the rates in the database equal to the parameter files, and levels equal to the assessments."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import delete, select, text

from services.eldercare.law import PARAMETERS
from services.eldercare.subsidies.due import PAYMENTS
from services.eldercare.subsidies.rules import CARE, LONGEVITY
from services.eldercare.subsidies.tables import SubsidyRate
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.payments import month_of
from shared.payments.entitlements import reconsider_scheme
from shared.policy import Table

Rate = tuple[str, str, date, int, int]

_FLOORS = {LONGEVITY: "age", CARE: "level"}
_LOCK = text("select pg_advisory_xact_lock(7090, 1)")


def rates() -> set[Rate]:
    """(scheme, area, from, floor, fen) of the parameter files."""
    found: set[Rate] = set()
    for scheme, floor in _FLOORS.items():
        for dated in PARAMETERS[f"{scheme}.amounts"].values:
            assert isinstance(dated.value, Table)
            for row in dated.value:
                found.add((scheme, dated.area, dated.from_date, int(row[floor]), int(row["amount"])))
    return found


async def keep_rates(unit: UnitOfWork) -> None:
    """Take over the parameter files; where they changed, the next run looks at the months from there on again.
    Called before anything is granted or run; nothing happens when nothing changed."""
    table = table_of(SubsidyRate)
    kept = {tuple(row) for row in await unit.execute(select(table))}
    if kept == rates():
        return
    async with unit.elevated("subsidies: rates of the parameter files"):
        await unit.execute(_LOCK)
        kept = {tuple(row) for row in await unit.execute(select(table))}
        changed = kept ^ rates()
        if not changed:
            return
        names = ("scheme", "area", "from_date", "floor", "amount_fen")
        await unit.execute(delete(table))
        await unit.enter(SubsidyRate, [dict(zip(names, rate, strict=True)) for rate in sorted(rates())])
        for scheme in {rate[0] for rate in changed}:
            since = min(rate[2] for rate in changed if rate[0] == scheme)
            await reconsider_scheme(unit, scheme, month_of(since))


_NEW_LEVELS = text("""
    insert into subsidy_level (entitlement_id, from_month, level, person_id, area_code)
    select s.entitlement_id,
        greatest(cast(date_trunc('month', e.ability_on) as date), s.from_month), e.ability_level, s.person_id,
        s.area_code
    from subsidy s
    join elder e on e.person_id = s.person_id
    left join lateral (
        select l.level from subsidy_level l where l.entitlement_id = s.entitlement_id
        order by l.from_month desc limit 1
    ) l on true
    where s.scheme = 'care_subsidy' and s.entitlement_id is not null and s.state in ('ACTIVE', 'SUSPENDED')
      and e.ability_level is not null and e.ability_on is not null and l.level is distinct from e.ability_level
      and (cast(:person_id as text) = '' or s.person_id = :person_id)
    on conflict (entitlement_id, from_month) do update set level = excluded.level
    returning entitlement_id, from_month
""")


async def follow_levels(unit: UnitOfWork, person_id: str = "") -> None:
    """Assessments since the last look count from their month on; earlier months are looked at again."""
    changed: Any = (await unit.execute(_NEW_LEVELS, {"person_id": person_id})).all()
    months: dict[date, list[str]] = {}
    for entitlement_id, from_month in changed:
        months.setdefault(from_month, []).append(entitlement_id)
    for month, ids in sorted(months.items()):
        await PAYMENTS.reconsider(unit, ids, month)
