"""Planning visits, making them, and recording that they took place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.relief.households import service as households
from services.relief.households.reading import has_living, live
from services.relief.households.service import Household
from services.relief.law import in_force
from services.relief.visits.rules import (
    RUNNING,
    CheckedInFirst,
    CheckedInOutside,
    HelperHasMany,
    NeedsCheckIn,
    PairEnded,
    PairKnown,
    Point,
    Submitted,
    VisitDone,
    VisitOver,
    distance,
    faults,
)
from services.relief.visits.tables import FamilyPlace, HelperPair, Visit
from shared import clock, effects
from shared.contracts.relief import VisitCompleted
from shared.db.database import on_constraint
from shared.db.problems import NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.ids import uuid7

__all__ = ["FamilyPlace", "HelperPair", "Visit"]

on_constraint("uq_helper_pair", PairKnown)

HOUSEHOLD, VISIT = "household", "condolence_visit"
"""Effect on a household: a visit is planned. It stands while somebody is left to be visited."""


async def plan_condolence(unit: UnitOfWork, household: Household, *, cause: str, person_id: str) -> None:
    """Call on the family of the dead within the limit. Planning again for the same cause changes nothing."""
    days = in_force(unit.today, household.area_code).whole("reviews.condolence_visit")
    due_on = unit.today + timedelta(days=days)
    row = {
        "id": uuid7(),
        "household_id": household.id,
        "area_code": household.area_code,
        "kind": "CONDOLENCE",
        "cause": cause,
        "person_id": person_id,
        "state": "PLANNED",
        "planned_at": unit.now,
        "window_from": unit.today,
        "due_on": due_on,
        "helper_id": "",
        "met": "",
        "remote_reason": "",
        "answered": 0,
        "needs": [],
        "faults": [],
        "done_by": "",
        "remark": "",
        "version": 1,
    }
    await unit.execute(insert(table_of(Visit)).values(row).on_conflict_do_nothing())
    await effects.record(
        unit,
        cause=cause,
        kind=VISIT,
        object_kind=HOUSEHOLD,
        object_id=household.id,
        person_id=person_id,
        area_code=household.area_code,
        from_date=due_on,
    )


async def complete(unit: UnitOfWork, visit_id: str, remark: str) -> Visit:
    """A visit of condolence took place. Raises NotFound where its cause was withdrawn, VisitDone, NeedsCheckIn."""
    visit = await _locked(unit, visit_id)
    if visit.kind != "CONDOLENCE":
        raise NeedsCheckIn
    visit.state = "COUNTED"
    visit.done_at, visit.done_by, visit.remark = unit.now, unit.principal.account_id, remark
    await unit.flush()
    return visit


async def _locked(unit: UnitOfWork, visit_id: str) -> Visit:
    """A visit that can still be made. Raises NotFound, VisitDone, VisitOver."""
    await unit.get(Visit, visit_id, lock=True)
    visit: Visit | None = await unit.first(select(Visit).where(col(Visit.id) == visit_id, stands()))
    if visit is None:
        raise NotFound
    unit.expect_version(visit.version)
    if visit.done_at is not None:
        raise VisitDone
    if visit.state not in RUNNING:
        raise VisitOver
    visit.version += 1
    return visit


def stands() -> Any:
    """SQL condition: it is planned by level and category, or its cause was not withdrawn."""
    planned = select(Effect).where(
        *live(HOUSEHOLD, VISIT),
        col(Effect.object_id) == col(Visit.household_id),
        col(Effect.cause) == col(Visit.cause),
    )
    return or_(col(Visit.kind) != "CONDOLENCE", planned.exists())


def listing(
    unit: UnitOfWork,
    *,
    household_id: str | None = None,
    is_done: bool | None = None,
    kind: str | None = None,
    state: str | None = None,
    helper_id: str | None = None,
) -> Select[Any]:
    """Visits of the caller's rows that stand: their cause too, and somebody is left to be visited."""
    somebody = has_living(col(Visit.household_id), unit.today)
    statement = select(Visit).where(stands(), somebody | col(Visit.done_at).is_not(None))
    for column, value in (
        (Visit.household_id, household_id),
        (Visit.kind, kind),
        (Visit.state, state),
        (Visit.helper_id, helper_id),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if is_done is not None:
        done = col(Visit.done_at)
        statement = statement.where(done.is_not(None) if is_done else done.is_(None))
    return statement


# ── making one ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Somebody stands there: when, by the device's clock, and where; or why not."""

    at: datetime
    place: Point | None = None
    remote_reason: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """Whom she met, what was said by section of the questionnaire, and what the family needs."""

    met: str
    sections: Mapping[str, str]
    needs: Sequence[str] = ()


async def assign(unit: UnitOfWork, visit_id: str, helper_id: str) -> Visit:
    """Give a visit to a helper. Raises VisitDone, VisitOver."""
    visit = await _locked(unit, visit_id)
    visit.helper_id = helper_id
    if visit.state == "PLANNED":
        visit.state = "ASSIGNED"
    await unit.flush()
    return visit


async def check_in(unit: UnitOfWork, visit_id: str, check: CheckIn) -> Visit:
    """Begin a visit. Raises VisitDone, VisitOver, CheckedInOutside."""
    visit = await _locked(unit, visit_id)
    await _check_in(unit, visit, check)
    await unit.flush()
    return visit


async def _check_in(unit: UnitOfWork, visit: Visit, check: CheckIn) -> None:
    begins, ends = clock.start_of_day(visit.window_from), clock.start_of_day(visit.due_on + timedelta(days=1))
    if check.at > unit.now or not begins <= check.at < ends:
        raise CheckedInOutside(field="at")
    visit.checked_in_at, visit.remote_reason, visit.state = check.at, check.remote_reason, "CHECKED_IN"
    visit.place, visit.distance_m = None, None
    if check.place is not None:
        visit.place = unit.vault.seal(Visit, "place", visit.id, _written(check.place))
        home = await home_of(unit, visit.household_id)
        visit.distance_m = distance(home, check.place) if home else None


async def submit(unit: UnitOfWork, visit_id: str, answers: Answers, check: CheckIn | None) -> Visit:
    """Hand in a visit, with its check-in where that was made off line; it counts, or says why not and can be made
    again. Raises VisitDone, VisitOver, CheckedInFirst, CheckedInOutside."""
    visit = await _locked(unit, visit_id)
    if visit.kind == "CONDOLENCE":
        raise NeedsCheckIn
    if check is not None:
        await _check_in(unit, visit, check)
    if visit.checked_in_at is None:
        raise CheckedInFirst(field="checkIn")
    said = {name: words for name, words in answers.sections.items() if words}
    visit.submitted_at, visit.met, visit.answered = unit.now, answers.met, len(said)
    visit.answers = unit.vault.seal(Visit, "answers", visit.id, json.dumps(said, ensure_ascii=False))
    visit.needs = sorted(set(answers.needs))
    law = in_force(unit.today, visit.area_code)
    submitted = Submitted(
        visit.checked_in_at,
        unit.now,
        visit.distance_m,
        visit.remote_reason,
        visit.met,
        visit.answered,
        by_phone=visit.kind == "PHONE",
    )
    within = timedelta(hours=law.whole("visits.submit_within"))
    visit.faults = faults(submitted, max_distance_m=law.whole("visits.distance"), within=within)
    if visit.faults:
        visit.state, visit.checked_in_at = "REJECTED_QC", None
    else:
        visit.state, visit.done_at, visit.done_by = "COUNTED", unit.now, unit.principal.account_id
        done = VisitCompleted(visit_id=visit.id, household_id=visit.household_id, needs=visit.needs)
        unit.emit(done, area_code=visit.area_code)
    await unit.flush()
    return visit


async def seen(unit: UnitOfWork, visit_id: str) -> Visit:
    """A visit that stands; NotFound otherwise."""
    visit: Visit | None = await unit.first(select(Visit).where(col(Visit.id) == visit_id, stands()))
    if visit is None:
        raise NotFound
    return visit


def answers_of(unit: UnitOfWork, visit: Any) -> dict[str, str]:
    """What was said, by section, in the clear."""
    found: dict[str, str] = json.loads(unit.vault.open(Visit, "answers", visit.id, visit.answers))
    return found


def place_of(unit: UnitOfWork, visit: Any) -> Point:
    """Where the check-in was, in the clear."""
    return _read(unit.vault.open(Visit, "place", visit.id, visit.place))


# ── where families live ──────────────────────────────────────────────────────────────────────────


async def set_home(unit: UnitOfWork, household_id: str, place: Point) -> None:
    """Where a family lives."""
    household = await households.lock(unit, household_id)
    row = {
        "household_id": household_id,
        "area_code": household.area_code,
        "place": unit.vault.seal(FamilyPlace, "place", household_id, _written(place)),
        "set_by": unit.principal.account_id,
        "set_at": unit.now,
    }
    await unit.enter(FamilyPlace, [row], renew=("area_code", "place", "set_by", "set_at"))


async def home_of(unit: UnitOfWork, household_id: str) -> Point | None:
    """Where a family lives, None where nobody has said."""
    row = await unit.session.get(FamilyPlace, household_id, populate_existing=True)
    return _read(unit.vault.open(FamilyPlace, "place", household_id, row.place)) if row else None


def _written(place: Point) -> str:
    return f"{place.latitude!r} {place.longitude!r}"


def _read(written: str) -> Point:
    latitude, longitude = written.split()
    return Point(float(latitude), float(longitude))


# ── pairs ────────────────────────────────────────────────────────────────────────────────────────

_LOCK_HELPER = text("select pg_advisory_xact_lock(7093, hashtext(:helper_id))")


async def pair(unit: UnitOfWork, household_id: str, helper_id: str, helper_name: str) -> HelperPair:
    """A helper for a family, from today; visits that nobody has are hers. Raises HelperHasMany, PairKnown."""
    await unit.execute(_LOCK_HELPER, {"helper_id": helper_id})
    household = await households.lock(unit, household_id)
    async with unit.elevated("visits: families of a helper"):
        mine = select(func.count()).where(col(HelperPair.helper_id) == helper_id, col(HelperPair.to_date).is_(None))
        count = int(await unit.first(mine))
    if count >= in_force(unit.today, household.area_code).whole("visits.families_of_helper"):
        raise HelperHasMany(field="helperId")
    pair_id = uuid7()
    row = HelperPair(
        id=pair_id,
        household_id=household_id,
        area_code=household.area_code,
        helper_id=helper_id,
        helper_name=unit.vault.seal(HelperPair, "helper_name", pair_id, helper_name),
        from_date=unit.today,
    )
    unit.add(row)
    await unit.flush()
    waiting = select(Visit).where(col(Visit.household_id) == household_id, col(Visit.state) == "PLANNED")
    for visit in await unit.all(waiting.where(col(Visit.kind) == "CARE").with_for_update()):
        visit.state, visit.helper_id = "ASSIGNED", helper_id
        visit.version += 1
    await unit.flush()
    return row


async def end_pair(unit: UnitOfWork, pair_id: str) -> HelperPair:
    """From tomorrow on no more. Raises PairEnded."""
    row = await unit.get(HelperPair, pair_id, lock=True)
    if row.to_date is not None:
        raise PairEnded
    row.to_date = unit.today
    await unit.flush()
    return row


def pairs_listing(*, household_id: str | None = None, helper_id: str | None = None) -> Select[Any]:
    """Pairs of the caller's rows that stand."""
    statement = select(HelperPair).where(col(HelperPair.to_date).is_(None))
    if household_id is not None:
        statement = statement.where(col(HelperPair.household_id) == household_id)
    if helper_id is not None:
        statement = statement.where(col(HelperPair.helper_id) == helper_id)
    return statement


def unpaired_listing(today: date) -> Select[Any]:
    """Families to be visited that have no helper."""
    paired = select(HelperPair).where(
        col(HelperPair.household_id) == col(Household.id), col(HelperPair.to_date).is_(None)
    )
    visited = select(Visit).where(
        col(Visit.household_id) == col(Household.id), col(Visit.kind) == "CARE", col(Visit.state).in_(RUNNING)
    )
    return select(Household).where(visited.exists(), ~paired.exists(), has_living(col(Household.id), today))


def helper_name_of(unit: UnitOfWork, row: Any) -> str:
    """The helper's name in the clear."""
    return unit.vault.open(HelperPair, "helper_name", row.id, row.helper_name)
