"""Claiming a bed, moving in and out. Lock order: bed, elder, stay."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select, text, update
from sqlmodel import col

from services.eldercare.beds import service as beds
from services.eldercare.beds.service import Bed, BedTaken
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from services.eldercare.law import in_force
from services.eldercare.stays.rules import (
    LIVE,
    PRESENT,
    ElderHasBed,
    NotAssessed,
    care_level,
    stepped,
)
from services.eldercare.stays.tables import Stay
from services.eldercare.waiting import service as waiting
from shared.clock import start_of_day
from shared.contracts.eldercare import BedOccupied, BedReleased
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7

__all__ = ["NewStay", "Stay"]

RESERVATION = "stay.reservation"
"""Timer: the reservation has not been taken up."""

on_constraint("ex_stay_bed", BedTaken)
on_constraint("ex_stay_person", ElderHasBed)


@dataclass(frozen=True, slots=True)
class NewStay:
    """A running stay as the bulk entry takes it."""

    bed_id: str
    person_id: str
    checked_in_on: date
    contract_no: str = ""
    id: str = ""


async def add_many(unit: UnitOfWork, stays: Sequence[NewStay]) -> list[str]:
    """Enter running stays set-based: beds become OCCUPIED, elders get their institution. Vacant beds, known elders."""
    if not stays:
        return []
    homes = {
        bed.id: bed.institution_id
        for bed in await unit.all(select(Bed).where(col(Bed.id).in_([stay.bed_id for stay in stays])))
    }
    people = {
        elder.person_id: elder
        for elder in await unit.all(select(Elder).where(col(Elder.person_id).in_([stay.person_id for stay in stays])))
    }
    rows = [
        {
            "id": stay.id or uuid7(),
            "bed_id": stay.bed_id,
            "institution_id": homes[stay.bed_id],
            "person_id": stay.person_id,
            "area_code": people[stay.person_id].area_code,
            "state": "CHECKED_IN",
            "from_at": start_of_day(stay.checked_in_on),
            "checked_in_on": stay.checked_in_on,
            "contract_no": stay.contract_no,
            "care_level": care_level(people[stay.person_id].ability_level or 0),
            "end_reason": "",
            "version": 1,
        }
        for stay in stays
    ]
    await unit.enter(Stay, rows)
    ids = [str(row["id"]) for row in rows]
    await unit.execute(_OCCUPY, {"ids": ids})
    await unit.execute(_HOUSE, {"ids": ids})
    return ids


_OCCUPY = text(
    "update bed b set status = 'OCCUPIED', version = b.version + 1 from stay s"
    " where s.bed_id = b.id and s.id = any(cast(:ids as text[]))"
)
_HOUSE = text(
    "update elder e set org_id = s.institution_id, living = 'INSTITUTION' from stay s"
    " where s.person_id = e.person_id and s.id = any(cast(:ids as text[]))"
)


# ── claiming ─────────────────────────────────────────────────────────────────────────────────────


async def claim(unit: UnitOfWork, bed_id: str, person_id: str) -> Stay:
    """Reserve a vacant bed for an elder. Raises NotFound, BedTaken, ElderHasBed, ElderDeceased.

    Of many who want one bed the first to hold its lock gets it. An institution names an elder by her id before she
    is one of its residents: that look-up goes beyond its rows, under a name.
    """
    bed = await unit.get(Bed, bed_id, lock=True)
    if bed.status != "VACANT":
        raise BedTaken
    async with AsyncExitStack() as stack:
        if unit.principal.scope is Scope.ORG:
            await stack.enter_async_context(unit.elevated("stay.claim: elder of another unit"))
        elder = await elders.living(unit, person_id)
        if await live_stay(unit, person_id) is not None:
            raise ElderHasBed
        days = in_force(unit.today, bed.area_code).whole("beds.reservation")
        stay = Stay(
            id=uuid7(),
            bed_id=bed.id,
            institution_id=bed.institution_id,
            person_id=person_id,
            area_code=elder.area_code,
            state="RESERVED",
            from_at=unit.now,
            reserved_until=unit.now + timedelta(days=days),
        )
        unit.add(stay)
        elder.org_id = bed.institution_id
        await unit.flush()
    await beds.put(unit, bed, "RESERVED")
    assert stay.reserved_until is not None
    await set_timer(unit, RESERVATION, stay.id, stay.reserved_until)
    return stay


async def live_stay(unit: UnitOfWork, person_id: str) -> Stay | None:
    """The stay she has now."""
    mine = (col(Stay.person_id) == person_id) & col(Stay.state).in_(LIVE)
    stay: Stay | None = await unit.first(select(Stay).where(mine).execution_options(populate_existing=True))
    return stay


async def in_bed(unit: UnitOfWork, bed_id: str) -> Stay | None:
    """The stay in a bed now, as far as the caller may see it."""
    there = (col(Stay.bed_id) == bed_id) & col(Stay.state).in_(LIVE)
    stay: Stay | None = await unit.first(select(Stay).where(there))
    return stay


# ── moving in and out ────────────────────────────────────────────────────────────────────────────


async def check_in(unit: UnitOfWork, stay_id: str, contract_no: str) -> Stay:
    """RESERVED → CHECKED_IN with an assessment and a contract. Raises StayInWrongState, NotAssessed."""
    bed, elder, stay = await _locked(unit, stay_id)
    state = stepped(stay.state, "check_in")
    if elder.ability_level is None:
        raise NotAssessed
    stay.state, stay.contract_no, stay.checked_in_on = state, contract_no, unit.today
    stay.care_level = care_level(elder.ability_level)
    stay.version += 1
    elder.living = "INSTITUTION" if bed.type != "FAMILY" else elder.living
    await beds.put(unit, bed, "OCCUPIED")
    async with unit.elevated("stay.check_in: her place in the queue"):
        await waiting.place(unit, elder.person_id, stay.id)
    occupied = BedOccupied(stay_id=stay.id, bed_id=bed.id, person_id=elder.person_id, bed_type=bed.type)
    unit.emit(occupied, area_code=elder.area_code)
    return stay


async def step(unit: UnitOfWork, stay_id: str, action: str) -> Stay:
    """leave, hospital, return: she is away or back, the bed stays hers."""
    _, _, stay = await _locked(unit, stay_id)
    stay.state = stepped(stay.state, action)
    stay.version += 1
    await unit.flush()
    return stay


async def end(unit: UnitOfWork, stay_id: str, action: str, reason: str) -> Stay:
    """cancel a reservation, check_out an occupant. Raises StayInWrongState."""
    bed, elder, stay = await _locked(unit, stay_id)
    stay.state = stepped(stay.state, action)
    await _ended(unit, stay, unit.today, reason)
    async with unit.elevated("stay.end: the elder leaves the institution's rows"):
        if elder.org_id == stay.institution_id:
            elder.org_id = ""
        if elder.living == "INSTITUTION":
            elder.living = "OTHER"
    await _free(unit, bed, stay)
    return stay


async def lapse(unit: UnitOfWork, stay_id: str) -> None:
    """The reservation has run out; nothing happens when it was taken up or ended."""
    stay = await unit.session.get(Stay, stay_id)
    if stay is not None and stay.state == "RESERVED":
        _, _, stay = await _locked(unit, stay_id)
        if stay.state == "RESERVED":
            await end(unit, stay_id, "lapse", "LAPSED")


async def _locked(unit: UnitOfWork, stay_id: str) -> tuple[Bed, Elder, Stay]:
    seen = await unit.get(Stay, stay_id)
    bed = await unit.get(Bed, seen.bed_id, lock=True)
    elder = await unit.get(Elder, seen.person_id, lock=True)
    stay = await unit.get(Stay, stay_id, lock=True)
    unit.expect_version(stay.version)
    return bed, elder, stay


async def _ended(unit: UnitOfWork, stay: Stay, on: date, reason: str) -> None:
    stay.ended_at = max(unit.now, stay.from_at)
    stay.ended_on, stay.end_reason = on, reason
    stay.version += 1
    await unit.flush()


async def _free(unit: UnitOfWork, bed: Bed, stay: Stay) -> None:
    """The bed after a stay: vacant at once when nobody moved in, otherwise after cleaning."""
    if stay.state == "CANCELLED":
        await beds.put(unit, bed, "VACANT")
        return
    await beds.begin_turnover(unit, bed)
    released = BedReleased(
        stay_id=stay.id, bed_id=bed.id, person_id=stay.person_id, bed_type=bed.type, reason=stay.end_reason
    )
    unit.emit(released, area_code=stay.area_code)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


def listing(*, state: str | None = None, person_id: str | None = None, bed_id: str | None = None) -> Select[Any]:
    """Stays of the caller's rows."""
    statement = select(Stay)
    for column, value in ((Stay.state, state), (Stay.person_id, person_id), (Stay.bed_id, bed_id)):
        if value is not None:
            statement = statement.where(col(column) == value)
    return statement


async def of_person(unit: UnitOfWork, person_id: str) -> list[Stay]:
    """Her stays, newest first, at most 20."""
    return await unit.all(
        select(Stay).where(col(Stay.person_id) == person_id).order_by(col(Stay.from_at).desc()).limit(20)
    )


async def follow(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The elder moved."""
    table = table_of(Stay)
    await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))


def is_present(stay: Stay) -> bool:
    """Whether the bed is occupied by this stay."""
    return stay.state in PRESENT
