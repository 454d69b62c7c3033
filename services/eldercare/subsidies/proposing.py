"""Candidates: the rule applied to one elder, and to all who meet it in a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, text, true
from sqlmodel import col

from services.eldercare.elders import service as elders
from services.eldercare.elders.rules import age_on, birthday, born_by
from services.eldercare.elders.service import Elder
from services.eldercare.law import PARAMETERS, in_force
from services.eldercare.subsidies.rules import BOOK, CARE, LONGEVITY, Age, AlreadyGranted, CareFacts
from services.eldercare.subsidies.tables import Subsidy
from shared import clock
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import month_of
from shared.payments.batches import MonthOutOfReach
from shared.payments.months import plus, span
from shared.policy import Decision, decide


def decide_for(scheme: str, elder: Elder, month: date) -> Decision:
    """The rule applied to an elder for a month; ages are those of its last day."""
    age = age_on(elder.birth, _last_day(month))
    if scheme == LONGEVITY:
        return decide(BOOK.find("eldercare.longevity", 1), Age(age=age), PARAMETERS, month, elder.area_code)
    facts = CareFacts(
        relief_class=elder.relief_class,
        ability_level=elder.ability_level,
        has_dementia=elder.has_dementia,
        age=age,
    )
    return decide(BOOK.find("eldercare.care_subsidy", 1), facts, PARAMETERS, month, elder.area_code)


def _last_day(month: date) -> date:
    return date.fromordinal(plus(month, 1).toordinal() - 1)


_TOWNS = text("select distinct left(area_code, 9) from elder where :person_id in ('', person_id) order by 1")
_MANY = 5_000


def check_month(unit: UnitOfWork, month: date, field: str) -> None:
    """From so many months back to the next one. Raises MonthOutOfReach."""
    back = in_force(unit.today, "").whole("subsidies.look_back")
    this = month_of(unit.today)
    if not plus(this, -back) <= month <= plus(this, 1):
        raise MonthOutOfReach(detail=f"月份应在过去{back}个月至下个月之间", field=field)


async def propose(unit: UnitOfWork, month: date, person_id: str = "") -> int:
    """Candidates of a month: living elders who meet a rule and have no open subsidy of the scheme; how many.
    With a `person_id`, of this person only.

    A proposal only: a person confirms it (PIPL 24). 高龄津贴 begins with the month of the birthday, or with the month
    an elder became known here; who was refused or ended once is proposed again only on application.
    """
    check_month(unit, month, "month")
    count = 0
    for town in list((await unit.execute(_TOWNS, {"person_id": person_id})).scalars()):
        law = in_force(month, town)
        youngest = min(int(row["age"]) for row in law.table("longevity.amounts"))
        old = col(Elder.birth) <= born_by(_last_day(month), youngest)
        very_old = col(Elder.birth) <= born_by(_last_day(month), law.whole("elders.very_old"))
        levels = [int(row["level"]) for row in law.table("care_subsidy.amounts")]
        poor = col(Elder.relief_class).in_(("MINIMUM", "MARGINAL")) & col(Elder.ability_level).in_(levels)
        in_need = (col(Elder.ability_level) >= 1) | col(Elder.has_dementia) | very_old
        her = col(Elder.person_id) == person_id if person_id else true()
        count += await _propose(unit, LONGEVITY, town, month, old & her, youngest)
        count += await _propose(unit, CARE, town, month, poor & in_need & her, None)
    return count


async def propose_since(unit: UnitOfWork, person_id: str, since: date) -> None:
    """After a mistaken death: the proposals of the months she was taken for dead."""
    for month in span(plus(month_of(since), 1), month_of(unit.today)):
        await propose(unit, month, person_id)


async def _propose(unit: UnitOfWork, scheme: str, town: str, month: date, meets: Any, from_age: int | None) -> int:
    has = select(col(Subsidy.id)).where(
        col(Subsidy.person_id) == col(Elder.person_id),
        col(Subsidy.scheme) == scheme,
        (col(Subsidy.state) != "ENDED") | (col(Subsidy.from_month) == month) | (scheme == LONGEVITY),
    )
    there = (col(Elder.area_code) >= town) & (col(Elder.area_code) < f"{town}:")
    wanted = (
        select(col(Elder.person_id), col(Elder.area_code), col(Elder.birth), col(Elder.created_at))
        .where(there, meets, elders.living_elders(), ~has.exists())
        .limit(_MANY)
    )
    count = 0
    while found := (await unit.execute(wanted)).all():
        rows = []
        for row in found:
            since = month
            if from_age is not None:
                known = clock.to_business_date(row.created_at)
                since = min(month, month_of(max(birthday(row.birth, from_age), known)))
            rows.append(candidate(unit, row.person_id, row.area_code, scheme, since))
        await unit.enter(Subsidy, rows)
        count += len(rows)
    return count


async def apply(unit: UnitOfWork, person_id: str, scheme: str, from_month: date) -> Subsidy:
    """A candidate on application. Raises ElderDeceased, AlreadyGranted."""
    check_month(unit, from_month, "fromMonth")
    elder = await elders.living(unit, person_id)
    has = (col(Subsidy.person_id) == person_id) & (col(Subsidy.scheme) == scheme) & (col(Subsidy.state) != "ENDED")
    if await unit.first(select(col(Subsidy.id)).where(has)):
        raise AlreadyGranted
    row = candidate(unit, person_id, elder.area_code, scheme, from_month)
    await unit.enter(Subsidy, [row])
    return await unit.get(Subsidy, row["id"])


def candidate(unit: UnitOfWork, person_id: str, area_code: str, scheme: str, from_month: date) -> dict[str, Any]:
    """The row of a new candidate."""
    return {
        "id": uuid7(),
        "person_id": person_id,
        "area_code": area_code,
        "scheme": scheme,
        "state": "CANDIDATE",
        "from_month": from_month,
        "decision_id": "",
        "proposed_at": unit.now,
        "confirmed_by": "",
        "suspension_id": "",
        "reason": "",
        "version": 1,
    }
