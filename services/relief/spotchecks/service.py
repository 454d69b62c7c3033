"""Drawing a month's decisions, looking at them, and what errors do to the delegation. Lock order: household, check,
delegation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlmodel import col

from services.relief.applications.service import Application
from services.relief.benefits import service as benefits
from services.relief.delegation import service as delegation
from services.relief.households import service as households
from services.relief.households.rules import AreaOutside
from services.relief.law import in_force
from services.relief.spotchecks.rules import CheckFound, DrawnAlready, MonthNotOver, NothingToCorrect, sample
from services.relief.spotchecks.tables import SpotCheck, SpotDraw
from shared import clock
from shared.china import areas, working_days
from shared.china.areas import Level
from shared.contracts.relief import SpotCheckFailed
from shared.db.database import on_constraint
from shared.db.problems import Invalid
from shared.db.unit import UnitOfWork
from shared.ids import uuid7
from shared.payments import after, month_of
from shared.payments.months import plus, quarter_of
from shared.policy import Table

__all__ = ["SpotCheck", "SpotDraw"]

on_constraint("uq_spot_draw_month", DrawnAlready)

# Of each town and kind, those nobody has spoken of in an order nobody can foresee: the seed is made with the draw.
_POPULATION = text("""
    select a.id, coalesce(a.case_id, '') as case_id, a.area_code, a.review_town as town, a.review_kind as kind,
        case when a.is_filed then 'FILED' when a.is_complained then 'COMPLAINT' else '' end as ground,
        row_number() over (
            partition by a.review_town, a.review_kind, a.is_filed or a.is_complained
            order by md5(a.id || cast(:seed as text)), a.id
        ) as place,
        count(*) over (partition by a.review_town, a.review_kind) as decided,
        exists (select from spot_check c where c.application_id = a.id) as is_checked
    from application a
    where a.decided_level = 'TOWN' and a.decided_at >= :since and a.decided_at < :until
        and a.area_code >= :lo and a.area_code < :hi
""")
_DISTRICTS = text("""
    select distinct left(a.area_code, 6) as district from application a
    where a.decided_level = 'TOWN' and a.decided_at >= :since and a.decided_at < :until
    except select left(d.area_code, 6) from spot_draw d where d.month = cast(:month as date)
""")


async def draw(unit: UnitOfWork, district: str, month: date) -> SpotDraw:
    """Draw what towns of a district decided in a month that is over: a share at random, and all where a relative was
    filed or somebody had objected. Raises AreaOutside, MonthNotOver, DrawnAlready."""
    if not district or areas.level(district) is not Level.DISTRICT:
        raise AreaOutside(detail="由区民政局抽取")
    if month >= month_of(unit.today):
        raise MonthNotOver(field="month")
    lo, hi = areas.range_of(district)
    seed = secrets.token_hex(8)
    found = await unit.rows(_POPULATION, _span(month) | {"seed": seed, "lo": lo, "hi": hi})
    values = in_force(unit.today, district)
    shares = values.table("delegation.check_shares")
    due_on = working_days.add(unit.today, values.whole("delegation.check_limit")).date
    made = SpotDraw(
        id=uuid7(),
        area_code=areas.full(district),
        month=month,
        seed=seed,
        population=len(found),
        drawn=0,
        drawn_by=unit.principal.account_id,
        drawn_at=unit.now,
    )
    rows = [
        _row(row.id, row.case_id, row.area_code)
        | {
            "draw_id": made.id,
            "town": row.town,
            "kind": row.kind,
            "month": month,
            "ground": row.ground or "RANDOM",
            "due_on": due_on,
        }
        for row in found
        if not row.is_checked and (row.ground or row.place <= sample(row.decided, _share(shares, row.kind)))
    ]
    made.drawn = len(rows)
    unit.add(made)
    await unit.flush()
    if rows:
        await unit.enter(SpotCheck, rows)
    return made


async def add_complained(unit: UnitOfWork, application: Application) -> None:
    """Look at a town's decision somebody has complained of, unless it is looked at already."""
    values = in_force(unit.today, application.area_code)
    row = _row(application.id, application.case_id or "", application.area_code)
    row |= {
        "draw_id": "",
        "town": application.review_town,
        "kind": application.review_kind,
        "month": month_of(clock.to_business_date(application.decided_at or unit.now)),
        "ground": "COMPLAINT",
        "due_on": working_days.add(unit.today, values.whole("delegation.check_limit")).date,
    }
    async with unit.elevated("spot check: a complaint"):
        found = select(col(SpotCheck.id)).where(col(SpotCheck.application_id) == application.id)
        if await unit.first(found) is None:
            await unit.enter(SpotCheck, [row])


def _row(application_id: str, case_id: str, area_code: str) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "application_id": application_id,
        "case_id": case_id,
        "area_code": area_code,
        "finding": "",
        "found_by": "",
        "remark": "",
        "correction": "",
    }


async def draw_missing(unit: UnitOfWork) -> int:
    """Draw last month wherever towns decided and nobody has drawn; how many draws."""
    month = plus(month_of(unit.today), -1)
    districts = await unit.rows(_DISTRICTS, _span(month) | {"month": month})
    for row in districts:
        await draw(unit, row.district, month)
    return len(districts)


def _span(month: date) -> dict[str, Any]:
    return {"since": clock.start_of_day(month), "until": clock.start_of_day(after(month))}


def _share(shares: Table, kind: str) -> Decimal:
    row = shares.row("kind", kind)
    if row is None:
        raise LookupError(f"no share for {kind}")
    return Decimal(str(row["share"]))


@dataclass(frozen=True, slots=True)
class Found:
    """A check with its finding, and what that did to the delegation: WARN, SUSPEND or ""."""

    check: SpotCheck
    consequence: str


async def find(unit: UnitOfWork, check_id: str, finding: str, remark: str) -> Found:
    """What the district has found: CONFIRM, CORRECT within ten working days, or REVOKE, which ends the benefit from
    next month on. Errors count for the quarter of the town's decision. Raises CheckFound."""
    seen = await unit.get(SpotCheck, check_id)
    application = await unit.get(Application, seen.application_id)
    household = await households.lock(unit, application.household_id)
    check = await unit.get(SpotCheck, check_id, lock=True)
    if check.finding:
        raise CheckFound
    check.finding, check.remark = finding, remark
    check.found_by, check.found_at = unit.principal.account_id, unit.now
    await unit.flush()
    if finding == "CONFIRM":
        return Found(check, "")
    values = in_force(unit.today, check.area_code)
    if finding == "CORRECT":
        check.correct_by = working_days.add(unit.today, values.whole("delegation.correction_limit")).date
    elif check.case_id:
        await benefits.revoke(unit, household, check.case_id, f"抽查撤销：{remark}"[:200])
    event = SpotCheckFailed(check_id=check.id, app_id=check.application_id, town=check.town, finding=finding)
    unit.emit(event, area_code=check.area_code)
    quarter = quarter_of(check.month)
    counted = select(func.count(), func.count().filter(col(SpotCheck.finding).in_(("CORRECT", "REVOKE")))).where(
        col(SpotCheck.town) == check.town,
        col(SpotCheck.kind) == check.kind,
        col(SpotCheck.month) >= quarter,
        col(SpotCheck.month) < plus(quarter, 3),
    )
    ((drawn, errors),) = await unit.rows(counted)
    rates = (values.ratio("delegation.warning_rate"), values.ratio("delegation.suspension_rate"))
    means = await delegation.judge(unit, check.town, check.kind, quarter, errors=errors, drawn=drawn, rates=rates)
    return Found(check, means)


async def correct(unit: UnitOfWork, check_id: str, on: date, words: str) -> SpotCheck:
    """The town has corrected what it was told to. Raises NothingToCorrect."""
    check = await unit.get(SpotCheck, check_id, lock=True)
    if check.finding != "CORRECT" or check.corrected_on is not None or check.found_at is None:
        raise NothingToCorrect
    if not clock.to_business_date(check.found_at) <= on <= unit.today:
        raise Invalid("correction_date", "纠正日期应在责令之日至今天之间", field="correctedOn")
    check.corrected_on, check.correction = on, words
    await unit.flush()
    return check


def listing(
    *,
    is_open: bool | None = None,
    late_on: date | None = None,
    kind: str | None = None,
    month: date | None = None,
) -> Select[Any]:
    """Checks of the caller's rows; open: without a finding, or with a correction that is not made; late: open beyond
    their last day."""
    statement = select(SpotCheck)
    unfound = col(SpotCheck.finding) == ""
    uncorrected = (col(SpotCheck.finding) == "CORRECT") & col(SpotCheck.corrected_on).is_(None)
    if is_open is not None:
        statement = statement.where(unfound | uncorrected if is_open else ~(unfound | uncorrected))
    if late_on is not None:
        late = (unfound & (col(SpotCheck.due_on) < late_on)) | (uncorrected & (col(SpotCheck.correct_by) < late_on))
        statement = statement.where(late)
    if kind is not None:
        statement = statement.where(col(SpotCheck.kind) == kind)
    if month is not None:
        statement = statement.where(col(SpotCheck.month) == month)
    return statement


@dataclass(frozen=True, slots=True)
class Quality:
    """A town's decisions of one kind in a quarter, as far as they were looked at."""

    town: str
    kind: str
    drawn: int
    found: int
    errors: int
    late: int


async def quality(unit: UnitOfWork, quarter: date) -> list[Quality]:
    """By town and kind, of the caller's rows."""
    span = {"since": quarter, "until": plus(quarter, 3), "today": unit.today}
    return [Quality(*row) for row in await unit.rows(_QUALITY, span)]


_QUALITY = text("""
    select c.town, c.kind, count(*) as drawn, count(*) filter (where c.finding <> '') as found,
        count(*) filter (where c.finding in ('CORRECT', 'REVOKE')) as errors,
        count(*) filter (where (c.finding = '' and c.due_on < cast(:today as date))
            or (c.finding = 'CORRECT' and c.corrected_on is null and c.correct_by < cast(:today as date))) as late
    from spot_check c where c.month >= cast(:since as date) and c.month < cast(:until as date)
    group by 1, 2 order by 1, 2
""")


def draws() -> Select[Any]:
    """Draws of the caller's rows."""
    return select(SpotDraw)
