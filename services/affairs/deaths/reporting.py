"""Reports: opening a case, or joining the one that stands."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import col

from services.affairs.cases import service as cases
from services.affairs.cases.service import DeathCase
from services.affairs.deaths import service
from services.affairs.deaths.rules import check_date, unit_of
from services.affairs.deaths.service import AlreadyConfirmed
from services.affairs.deaths.tables import DeathSource
from services.affairs.law import in_force
from services.affairs.matters import service as matters
from services.affairs.people import service as people
from services.affairs.people.service import Person
from shared.contracts.affairs import DeathReported
from shared.db.principals import Scope
from shared.db.problems import Conflict, Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7


class PersonDeceased(Conflict):
    code = "person_deceased"
    detail = "该人员在人口库中已登记死亡"


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody's word. `report_id` when another service took it; `unit_id` is what counts once."""

    kind: str
    unit_id: str
    reporter_id: str
    death_date: date
    reported_at: datetime
    place: str = ""
    note: str = ""
    report_id: str | None = None
    org_id: str = ""
    cause_case_id: str | None = None


async def take_down(
    unit: UnitOfWork,
    person_id: str,
    *,
    source: str,
    source_unit: str,
    death_date: date,
    place: str,
    note: str,
    cause_case_id: str | None,
) -> tuple[DeathCase, bool]:
    """A report over HTTP; the case, and whether it is new.

    A resident reports for a close relative only, and the funeral home for whomever it was called to: these persons'
    files are outside their rows. Raises NotFound, DateImpossible, SourceNotYours, AlreadyConfirmed, PersonDeceased.
    """
    who = unit.principal
    person_id = await people.resolve(unit, person_id)
    async with AsyncExitStack() as stack:
        if who.scope is Scope.PERSON and not await people.is_relative(unit, person_id, who.person_id):
            raise NotFound
        if who.scope is not Scope.AREA:
            await stack.enter_async_context(unit.elevated("death.report: a person outside the reporter's rows"))
        person = await people.locked(unit, person_id)
        oldest = in_force(unit.today, person.area_code).whole("deaths.oldest")
        check_date(death_date, birth=person.birth, today=unit.today, oldest_years=oldest)
        if cause_case_id is not None:
            await _must_be_a_mistake(unit, cause_case_id)
        named = unit_of(source, who=who, person_id=person_id, area_code=person.area_code, named=source_unit)
        report = Report(
            kind=source,
            unit_id=named,
            reporter_id=who.account_id,
            death_date=death_date,
            reported_at=unit.now,
            place=place,
            note=note,
            org_id=who.org_id,
            cause_case_id=cause_case_id,
        )
        return await enter(unit, person, report)


async def _must_be_a_mistake(unit: UnitOfWork, case_id: str) -> None:
    """A report may name the mistaken case that led to it (domain §10 e)."""
    case = await unit.session.get(DeathCase, case_id)
    if case is None or case.state not in cases.ENDED:
        raise Invalid("cause_case_stands", "关联的个案应为已撤销或已终止的个案", field="causeCaseId")


async def enter(unit: UnitOfWork, person: Person, report: Report) -> tuple[DeathCase, bool]:
    """Open a case or join the standing one; the person is locked. Raises AlreadyConfirmed, PersonDeceased."""
    case = await cases.standing(unit, person.person_id)
    is_new = case is None
    if case is None:
        if person.life_status == "DECEASED" and not await cases.was_revoked(unit, person.person_id):
            raise PersonDeceased
        case = await cases.open_case(
            unit,
            person.person_id,
            person.area_code,
            report.death_date,
            org_id=report.org_id,
            cause_case_id=report.cause_case_id,
        )
        await matters.open_matter(unit, case)
        event = DeathReported(death_case_id=case.id, person_id=person.person_id, source=report.kind)
        unit.emit(event, area_code=case.area_code, causation_id=report.cause_case_id)
    elif case.state not in cases.UNCONFIRMED:
        raise AlreadyConfirmed
    elif await _is_known(unit, case, report):
        return case, False
    elif not case.org_id and report.org_id:
        case.org_id = report.org_id
    unit.add(
        DeathSource(
            id=uuid7(),
            case_id=case.id,
            person_id=case.person_id,
            area_code=case.area_code,
            kind=report.kind,
            unit_id=report.unit_id,
            reporter_id=report.reporter_id,
            report_id=report.report_id,
            death_date=report.death_date,
            place=report.place,
            note=report.note,
            reported_at=report.reported_at,
        )
    )
    if is_new:
        await unit.flush()
    else:
        await service.changed_ground(unit, case)
    unit.note(subjects=[case.person_id], case_id=case.id)
    return case, is_new


async def _is_known(unit: UnitOfWork, case: DeathCase, report: Report) -> bool:
    """Whether this very word was heard before: the same report, or the same reporter saying it again."""
    same = (
        (col(DeathSource.case_id) == case.id)
        & (col(DeathSource.kind) == report.kind)
        & (col(DeathSource.unit_id) == report.unit_id)
        & (col(DeathSource.reporter_id) == report.reporter_id)
        & (col(DeathSource.death_date) == report.death_date)
        & col(DeathSource.withdrawn_at).is_(None)
    )
    return await unit.first(select(col(DeathSource.id)).where(same)) is not None
