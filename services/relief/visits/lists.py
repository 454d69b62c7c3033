"""The three lists (规划三(一)2): whom to help, with what, and who helps whom; pairs are in `service`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select, text
from sqlmodel import col

from services.relief.households.reading import has_living
from services.relief.households.rules import AreaOutside
from services.relief.households.service import Household
from services.relief.visits.rules import RUNNING, ProjectEnded, ProjectTerm
from services.relief.visits.tables import HelpProject, Visit
from shared.china import areas
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["HelpProject"]

# ── whom to help ─────────────────────────────────────────────────────────────────────────────────

_OBJECTS = text("""
    select h.id,
        (select l.level from family_level l where l.household_id = h.id) as level,
        (select c.kind from benefit_case c
            where c.household_id = h.id and c.from_month <= :today and (c.closed_from is null or c.closed_from > :today)
            order by c.id desc limit 1) as category,
        (select min(v.due_on) from visit v
            where v.household_id = h.id and v.kind = 'CARE'
              and v.state in ('PLANNED', 'ASSIGNED', 'CHECKED_IN', 'REJECTED_QC')) as visit_due_on,
        (select array_agg(p.helper_id order by p.helper_id) from helper_pair p
            where p.household_id = h.id and p.to_date is null) as helpers,
        (select v.needs from visit v
            where v.household_id = h.id and v.state = 'COUNTED' and v.kind <> 'CONDOLENCE'
            order by v.done_at desc limit 1) as needs
    from household h where h.id = any(cast(:ids as text[]))
""")


@dataclass(frozen=True, slots=True)
class HelpObject:
    """A family to be helped: why, until when it is to be visited, who helps it, what it needed last."""

    level: str
    category: str
    visit_due_on: date | None
    helpers: list[str]
    needs: list[str]


def objects_listing(today: date) -> Select[Any]:
    """Families with a visit that is to be made, of the caller's rows."""
    visited = select(Visit).where(
        col(Visit.household_id) == col(Household.id), col(Visit.kind) == "CARE", col(Visit.state).in_(RUNNING)
    )
    return select(Household).where(visited.exists(), has_living(col(Household.id), today))


async def objects(unit: UnitOfWork, household_ids: Sequence[str]) -> dict[str, HelpObject]:
    """The rest of what the list shows, by family, in one statement."""
    rows = await unit.execute(_OBJECTS, {"ids": list(household_ids), "today": unit.today})
    return {
        row.id: HelpObject(
            row.level or "GREEN", row.category or "", row.visit_due_on, row.helpers or [], row.needs or []
        )
        for row in rows
    }


# ── with what ────────────────────────────────────────────────────────────────────────────────────


async def offer(
    unit: UnitOfWork, *, area_code: str, need: str, title: str, provider: str, from_date: date, to_date: date | None
) -> HelpProject:
    """A project for families of an area. Raises AreaOutside, ProjectTerm."""
    who = unit.principal
    if who.scope is not Scope.SYSTEM and not who.lo <= area_code < who.hi:
        raise AreaOutside(field="areaCode")
    if to_date is not None and to_date < from_date:
        raise ProjectTerm(field="toDate")
    project = HelpProject(
        id=uuid7(),
        area_code=areas.full(area_code),
        need=need,
        title=title,
        provider=provider,
        from_date=from_date,
        to_date=to_date,
    )
    unit.add(project)
    await unit.flush()
    return project


async def end_project(unit: UnitOfWork, project_id: str) -> HelpProject:
    """From tomorrow on no more. Raises ProjectEnded."""
    project = await unit.get(HelpProject, project_id, lock=True)
    if project.to_date is not None and project.to_date <= unit.today:
        raise ProjectEnded
    project.to_date = max(unit.today, project.from_date)
    await unit.flush()
    return project


def projects_listing(today: date, *, need: str | None = None) -> Select[Any]:
    """Projects of the caller's rows that are not over."""
    statement = select(HelpProject).where(or_(col(HelpProject.to_date).is_(None), col(HelpProject.to_date) >= today))
    return statement if need is None else statement.where(col(HelpProject.need) == need)
