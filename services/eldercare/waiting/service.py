"""The queue for beds and the wish of destitute elders (E-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select, text, update
from sqlmodel import col

from services.eldercare.elders import service as elders
from services.eldercare.elders.rules import age_on
from services.eldercare.elders.service import Elder
from services.eldercare.law import in_force
from services.eldercare.waiting.rules import DESTITUTE, REASONS, WRONGED, Need, priority
from services.eldercare.waiting.tables import SupportChoice, WaitingEntry
from shared import effects
from shared.db.problems import Conflict
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["SupportChoice", "WaitingEntry"]


class AlreadyWaiting(Conflict):
    code = "already_waiting"
    detail = "该老人已在轮候"


class NotWaiting(Conflict):
    code = "not_waiting"
    detail = "该轮候已结束"


class NotDestitute(Conflict):
    code = "not_destitute"
    detail = "仅特困老年人填写供养意愿"


async def choose_support(
    unit: UnitOfWork, person_id: str, support: str, asked_on: date, *, cannot_care_for_self: bool
) -> SupportChoice:
    """Write down the wish of a destitute elder; a willing one is queued with a date by which she has a bed."""
    elder = await elders.living(unit, person_id)
    if elder.relief_class != "DESTITUTE":
        raise NotDestitute
    choice = await unit.session.get(SupportChoice, person_id, with_for_update=True)
    if choice is None:
        choice = SupportChoice(person_id=person_id, area_code=elder.area_code, support=support, asked_on=asked_on)
        unit.add(choice)
    choice.support, choice.asked_on, choice.cannot_care_for_self = support, asked_on, cannot_care_for_self
    await unit.flush()
    entry = await _waiting(unit, person_id)
    if support == "CENTRAL" and entry is None:
        await enqueue(unit, elder)
    elif support == "DISPERSED" and entry is not None and entry.priority == DESTITUTE:
        await _close(unit, entry, "WITHDRAWN")
    return choice


async def enqueue(unit: UnitOfWork, elder: Elder) -> WaitingEntry:
    """Queue a locked elder by the order of priority. Raises AlreadyWaiting."""
    law = in_force(unit.today, elder.area_code)
    need = Need(
        elder.relief_class,
        elder.ability_level,
        elder.has_dementia,
        age_on(elder.birth, unit.today),
        elder.living == "ALONE",
        elder.is_special_family,
        elder.is_islander_with_medical_need,
    )
    rank = priority(need, very_old=law.whole("elders.very_old"), disabled_level=law.whole("waiting.disabled_level"))
    due = unit.now + timedelta(days=law.whole("waiting.destitute_bed")) if rank == DESTITUTE else None
    return await _queue(unit, elder, rank, due)


async def put_on_top(unit: UnitOfWork, elder: Elder, org_id: str) -> WaitingEntry:
    """A bed given away after a mistaken death report: first in the queue, a temporary bed within the time set."""
    hours = in_force(unit.today, elder.area_code).whole("beds.temporary")
    due = unit.now + timedelta(hours=hours)
    entry = await _waiting(unit, elder.person_id)
    if entry is None:
        return await _queue(unit, elder, WRONGED, due, org_id)
    entry.priority, entry.reason, entry.due_at, entry.org_id = WRONGED, REASONS[WRONGED], due, org_id
    await unit.flush()
    return entry


async def _queue(unit: UnitOfWork, elder: Elder, rank: int, due: Any, org_id: str = "") -> WaitingEntry:
    if await _waiting(unit, elder.person_id) is not None:
        raise AlreadyWaiting
    entry = WaitingEntry(
        id=uuid7(),
        person_id=elder.person_id,
        area_code=elder.area_code,
        org_id=org_id,
        priority=rank,
        reason=REASONS[rank],
        queued_at=unit.now,
        due_at=due,
    )
    unit.add(entry)
    await unit.flush()
    return entry


async def _waiting(unit: UnitOfWork, person_id: str) -> WaitingEntry | None:
    mine = (col(WaitingEntry.person_id) == person_id) & (col(WaitingEntry.state) == "WAITING")
    entry: WaitingEntry | None = await unit.first(select(WaitingEntry).where(mine).with_for_update())
    return entry


async def _close(unit: UnitOfWork, entry: WaitingEntry, state: str, stay_id: str | None = None) -> None:
    entry.state, entry.stay_id, entry.closed_at = state, stay_id, unit.now
    await unit.flush()


async def withdraw(unit: UnitOfWork, entry_id: str) -> WaitingEntry:
    """She no longer wants a bed. Raises NotWaiting."""
    entry = await unit.get(WaitingEntry, entry_id, lock=True)
    if entry.state != "WAITING":
        raise NotWaiting
    await _close(unit, entry, "WITHDRAWN")
    return entry


async def place(unit: UnitOfWork, person_id: str, stay_id: str) -> None:
    """She has a bed."""
    entry = await _waiting(unit, person_id)
    if entry is not None:
        await _close(unit, entry, "PLACED", stay_id)


async def leave_for_death(unit: UnitOfWork, elder: Elder, case_id: str) -> str | None:
    """Take a dead elder off the queue, reversibly; the entry's id."""
    entry = await _waiting(unit, elder.person_id)
    if entry is None:
        return None
    await effects.change(
        unit,
        entry,
        "state",
        "WITHDRAWN",
        cause=case_id,
        person_id=elder.person_id,
        area_code=entry.area_code,
        org_id=entry.org_id,
    )
    return entry.id


async def follow(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The elder moved."""
    for model in (SupportChoice, WaitingEntry):
        table = table_of(model)
        await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))


def queue() -> Select[Any]:
    """Who waits."""
    return select(WaitingEntry).where(col(WaitingEntry.state) == "WAITING")


QUEUE_ORDER = [WaitingEntry.priority, WaitingEntry.queued_at, WaitingEntry.id]


async def of_person(unit: UnitOfWork, person_id: str) -> WaitingEntry | None:
    """Her place in the queue, None when she does not wait."""
    mine = (col(WaitingEntry.person_id) == person_id) & (col(WaitingEntry.state) == "WAITING")
    entry: WaitingEntry | None = await unit.first(select(WaitingEntry).where(mine))
    return entry


@dataclass(frozen=True, slots=True)
class SupportFigures:
    """Living destitute elders who were asked: willing, and of these placed; the same for those who cannot care for
    themselves (X-06: 100 % and 95 %)."""

    willing: int
    willing_placed: int
    helpless: int
    helpless_placed: int


_SUPPORT = text("""
    select count(*) filter (where c.support = 'CENTRAL') as willing,
        count(*) filter (where c.support = 'CENTRAL' and s.id is not null) as willing_placed,
        count(*) filter (where c.cannot_care_for_self) as helpless,
        count(*) filter (where c.cannot_care_for_self and s.id is not null) as helpless_placed
    from support_choice c
    join elder e on e.person_id = c.person_id and e.death_case_id is null and e.life_status <> 'DECEASED'
    left join stay s on s.person_id = c.person_id and s.state in ('CHECKED_IN', 'ON_LEAVE', 'HOSPITAL')
""")


async def support_figures(unit: UnitOfWork) -> SupportFigures:
    """X-06 over the caller's rows."""
    return SupportFigures(*(int(number) for number in (await unit.execute(_SUPPORT)).one()))
