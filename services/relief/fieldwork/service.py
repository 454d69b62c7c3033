"""Commissioning visits, taking them in, drawing a share for a second look, and warning a contract. Lock order:
contract, visit, resample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, text
from sqlmodel import col

from services.relief.applications.rules import surveyors
from services.relief.fieldwork.rules import (
    ContractEnded,
    ContractOver,
    ContractPeriod,
    DateOutside,
    Form,
    NotSigned,
    PhotoMissing,
    PhotoRefused,
    ResampleDone,
    SameSurveyor,
    VisitState,
    differences,
    is_warned,
)
from services.relief.fieldwork.tables import FieldResample, FieldVisit, SurveyContract
from services.relief.filings import service as filings
from services.relief.households.rules import AreaOutside
from services.relief.households.service import Household
from services.relief.law import in_force
from shared import clock
from shared.china import areas, working_days
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.files import DatabaseStore, Files
from shared.files.service import Owner, StoredFile
from shared.ids import uuid7
from shared.payments import month_of
from shared.payments.months import plus, quarter_of

__all__ = ["FILES", "FieldResample", "FieldVisit", "Form", "SurveyContract"]

FILES = Files("field_visit", DatabaseStore())
_PHOTOS = ("image/jpeg", "image/png")


# ── contracts ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract as it is entered."""

    area_code: str
    org_id: str
    org_name: str
    contract_no: str
    from_on: date
    to_on: date


async def make_contract(unit: UnitOfWork, new: NewContract) -> SurveyContract:
    """Enter a contract. Raises ContractPeriod, AreaOutside."""
    who = unit.principal
    if new.to_on < new.from_on:
        raise ContractPeriod(field="toOn")
    if who.scope is Scope.AREA and not who.lo <= new.area_code < who.hi:
        raise AreaOutside(field="areaCode")
    row = SurveyContract(
        id=uuid7(),
        area_code=new.area_code,
        org_id=new.org_id,
        org_name=new.org_name,
        contract_no=new.contract_no,
        from_on=new.from_on,
        to_on=new.to_on,
        made_by=who.account_id,
        made_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    return row


async def end_contract(unit: UnitOfWork, contract_id: str) -> SurveyContract:
    """Nobody is sent under it any more. Raises ContractEnded."""
    row = await unit.get(SurveyContract, contract_id, lock=True)
    if row.state == "ENDED":
        raise ContractEnded
    row.state = "ENDED"
    row.version += 1
    await unit.flush()
    return row


# ── visits ───────────────────────────────────────────────────────────────────────────────────────


async def assign(unit: UnitOfWork, contract_id: str, household_id: str) -> FieldVisit:
    """Send a third party to a house. Raises ContractOver; the contract may be the district's, above the town's rows."""
    household = await unit.get(Household, household_id)
    await filings.refuse_parties(unit, household.id)
    async with unit.elevated("fieldwork: the contract"):
        contract = await unit.get(SurveyContract, contract_id)
    covers = areas.covers(contract.area_code, household.area_code)
    covers = covers and contract.from_on <= unit.today <= contract.to_on
    if contract.state != "ACTIVE" or not covers:
        raise ContractOver
    row = FieldVisit(
        id=uuid7(),
        contract_id=contract.id,
        org_id=contract.org_id,
        household_id=household.id,
        applicant_id=household.applicant_id,
        area_code=household.area_code,
        assigned_by=unit.principal.account_id,
        assigned_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    return row


async def keep_photo(unit: UnitOfWork, visit_id: str, content: bytes, name: str) -> tuple[StoredFile, bool]:
    """Keep a photo taken at the house; whether it is new. Raises VisitState, PhotoRefused."""
    visit = await unit.get(FieldVisit, visit_id, lock=True)
    if visit.state != "ASSIGNED":
        raise VisitState
    owner = Owner(id=visit.id, area_code=visit.area_code, org_id=visit.org_id)
    file, is_new = await FILES.keep(unit, owner, content, name=name, kind="photo")
    if file.media_type not in _PHOTOS:
        raise PhotoRefused(field="file")
    return file, is_new


@dataclass(frozen=True, slots=True)
class Report:
    """What the third party hands in; the place in degrees north and east."""

    visited_on: date
    surveyors: Sequence[str]
    is_signed: bool
    north: float
    east: float
    form: Form
    finding: str


async def submit(unit: UnitOfWork, visit_id: str, new: Report) -> FieldVisit:
    """Hand in a visit. Raises TooFewSurveyors, NotSigned, PhotoMissing, DateOutside, VisitState."""
    row = await unit.get(FieldVisit, visit_id, lock=True)
    unit.expect_version(row.version)
    if row.state != "ASSIGNED":
        raise VisitState
    names = surveyors(new.surveyors, in_force(unit.today, row.area_code).whole("fieldwork.surveyors"))
    if not new.is_signed:
        raise NotSigned(field="isSigned")
    if not clock.to_business_date(row.assigned_at) <= new.visited_on <= unit.today:
        raise DateOutside(field="visitedOn")
    if await unit.first(FILES.listing(row.id).limit(1)) is None:
        raise PhotoMissing
    row.state, row.submitted_by, row.submitted_at = "SUBMITTED", unit.principal.account_id, unit.now
    row.visited_on, row.finding = new.visited_on, new.finding
    row.surveyors = unit.vault.seal(FieldVisit, "surveyors", row.id, "\n".join(names))
    row.place = unit.vault.seal(FieldVisit, "place", row.id, f"{new.north:.6f},{new.east:.6f}")
    row.heads, row.monthly_fen = new.form.heads, new.form.monthly_fen
    row.homes, row.vehicles = new.form.homes, new.form.vehicles
    row.version += 1
    await unit.flush()
    return row


def surveyors_of(unit: UnitOfWork, row: Any) -> list[str]:
    """Who was there."""
    return unit.vault.open(FieldVisit, "surveyors", row.id, row.surveyors).split("\n") if row.surveyors else []


# ── the second look ──────────────────────────────────────────────────────────────────────────────

_DRAW = text("""
    insert into field_resample (id, contract_id, area_code, drawn_for, seed, drawn_at, due_on, done_by,
        differences, finding)
    select v.id, v.contract_id, v.area_code, cast(:month as date), :seed,
        cast(:now as timestamptz), cast(:due_on as date), '', cast('{}' as text[]), ''
    from (
        select id, contract_id, area_code,
            row_number() over (town order by sha256(convert_to(:seed || id, 'utf8')), id) as place,
            count(*) over (town) as visits
        from field_visit
        where state = 'SUBMITTED' and submitted_at >= cast(:since as timestamptz)
            and submitted_at < cast(:until as timestamptz)
        window town as (partition by contract_id, left(area_code, 9))
    ) v
    where v.place <= ceil(v.visits * cast(:share as numeric))
    on conflict (id) do nothing
""")


async def draw(unit: UnitOfWork) -> int:
    """Of each third party's visits of last month in each town, draw the share; how many. A month is drawn once."""
    until = month_of(unit.today)
    month = plus(until, -1)
    if await unit.first(select(col(FieldResample.id)).where(col(FieldResample.drawn_for) == month).limit(1)):
        return 0
    values = in_force(unit.today, "")
    done = await unit.execute(
        _DRAW,
        {
            "month": month,
            "seed": uuid7(),
            "now": unit.now,
            "since": clock.start_of_day(month),
            "until": clock.start_of_day(until),
            "share": values.ratio("fieldwork.resample_share"),
            "due_on": working_days.add(unit.today, values.whole("fieldwork.resample_limit")).date,
        },
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


async def look_again(
    unit: UnitOfWork, resample_id: str, form: Form, finding: str, *, has_taken_place: bool
) -> FieldResample:
    """What the town found at the same house; over so many differences in a quarter the contract is warned. Raises
    ResampleDone, SameSurveyor."""
    seen = await unit.get(FieldResample, resample_id)
    async with unit.elevated("fieldwork: the contract"):
        contract = await unit.get(SurveyContract, seen.contract_id, lock=True)
    visit = await unit.get(FieldVisit, seen.id)
    row = await unit.get(FieldResample, resample_id, lock=True)
    await filings.refuse_parties(unit, visit.household_id)
    if row.done_at is not None:
        raise ResampleDone
    if unit.principal.account_id == visit.assigned_by:
        raise SameSurveyor
    values = in_force(unit.today, row.area_code)
    first = Form(visit.heads, visit.monthly_fen, visit.homes, visit.vehicles)
    tolerance = values.ratio("fieldwork.income_tolerance")
    row.differences = differences(first, form, tolerance, has_taken_place=has_taken_place)
    row.finding, row.done_by, row.done_at = finding, unit.principal.account_id, unit.now
    await unit.flush()
    async with unit.elevated("fieldwork: the contract"):
        await _judge(unit, contract, quarter_of(row.drawn_for))
    return row


async def _judge(unit: UnitOfWork, contract: SurveyContract, quarter: date) -> None:
    counts = (await unit.execute(_COUNTS, {"contract": contract.id, "quarter": quarter})).one()
    drawn, differing = counts.drawn, counts.differing
    rate = in_force(unit.today, contract.area_code).ratio("fieldwork.warning_rate")
    if contract.warned_for != quarter and is_warned(differing, drawn, rate):
        contract.warned_for = quarter
        contract.warning = f"{quarter.year}年第{(quarter.month + 2) // 3}季度复查{drawn}件，不一致{differing}件"
        contract.version += 1
        unit.note(detail={"contractWarned": contract.id})
        await unit.flush()


_COUNTS = text("""
    select count(*) as drawn, count(*) filter (where cardinality(differences) > 0) as differing from field_resample
    where contract_id = :contract and drawn_for >= cast(:quarter as date)
        and drawn_for < cast(:quarter as date) + interval '3 months'
""")


# ── how many houses were seen ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Coverage:
    """Running benefits of a town, and how many of their houses were seen in the last twelve months."""

    area_code: str
    running: int
    surveyed: int


async def coverage(unit: UnitOfWork) -> list[Coverage]:
    """Of the caller's rows, by town: seen by the town or the district, or by a third party."""
    rows = await unit.rows(_COVERAGE, {"today": unit.today})
    return [Coverage(areas.full(row.town), row.running, row.surveyed) for row in rows]


_COVERAGE = text("""
    select left(c.area_code, 9) as town, count(*) as running, count(s.household_id) as surveyed
    from benefit_case c
    left join (
        select a.household_id from survey v join application a on a.id = v.application_id
        where v.method = 'HOUSE' and v.surveyed_on > cast(:today as date) - interval '12 months'
        union
        select household_id from field_visit
        where state = 'SUBMITTED' and visited_on > cast(:today as date) - interval '12 months'
    ) s on s.household_id = c.household_id
    where c.state = 'ACTIVE' and exists (
        select from member m
        where m.household_id = c.household_id and (m.valid_to is null or m.valid_to >= cast(:today as date))
        and not exists (select from kernel.effect e where e.object_kind = 'member' and e.kind = 'end_share'
            and e.object_id = m.id and e.annulled_at is null)
    )
    group by 1 order by 1
""")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def contracts(*, warned: bool | None = None) -> Select[Any]:
    """Contracts of the caller's rows."""
    statement = select(SurveyContract)
    if warned is not None:
        held = col(SurveyContract.warned_for)
        statement = statement.where(held.is_not(None) if warned else held.is_(None))
    return statement


def visits(*, state: str | None = None, household_id: str | None = None) -> Select[Any]:
    """Visits of the caller's rows: an area's, or a third party's own."""
    statement = select(FieldVisit)
    if state is not None:
        statement = statement.where(col(FieldVisit.state) == state)
    if household_id is not None:
        statement = statement.where(col(FieldVisit.household_id) == household_id)
    return statement


def resamples(*, is_open: bool | None = None) -> Select[Any]:
    """Drawn visits of the caller's rows."""
    statement = select(FieldResample)
    if is_open is not None:
        done = col(FieldResample.done_at)
        statement = statement.where(done.is_(None) if is_open else done.is_not(None))
    return statement
