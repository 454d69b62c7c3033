"""Beds: entry, states, turn-over, figures. Whoever changes a bed holds its row lock first."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlmodel import col

from services.eldercare.beds.rules import NURSING, BedTaken, Figures, code_body, stepped
from services.eldercare.beds.tables import Bed
from services.eldercare.institutions import service as institutions
from services.eldercare.institutions.service import Institution
from services.eldercare.law import in_force
from shared.db.problems import Conflict
from shared.db.unit import UnitOfWork
from shared.events import set_timer
from shared.ids import uuid7

__all__ = ["Bed", "BedTaken", "Figures", "NewBed"]

TURNOVER = "bed.turnover"
"""Timer: the bed is clean and may be given again."""


class BedNumberTaken(Conflict):
    code = "bed_number_taken"
    detail = "该机构已有此床号"


@dataclass(frozen=True, slots=True)
class NewBed:
    """A bed as the bulk entry takes it. Leave `id` empty to have one made."""

    institution_id: str
    bed_no: str
    type: str = "NORMAL"
    price_class: str = "INCLUSIVE"
    zone: str = ""
    id: str = ""


async def add_many(unit: UnitOfWork, beds: Sequence[NewBed]) -> list[str]:
    """Enter beds of known institutions, with their signed codes; the ids in order."""
    if not beds:
        return []
    wanted = {bed.institution_id for bed in beds}
    known = await unit.all(select(Institution).where(col(Institution.id).in_(wanted)))
    homes = {institution.id: institution for institution in known}
    rows = [
        {
            "id": bed.id or uuid7(),
            "institution_id": bed.institution_id,
            "area_code": homes[bed.institution_id].area_code,
            "bed_no": bed.bed_no,
            "type": bed.type,
            "zone": bed.zone,
            "price_class": bed.price_class,
            "status": "VACANT",
            "code": _code(unit, homes[bed.institution_id].uscc, bed.bed_no),
            "version": 1,
        }
        for bed in beds
    ]
    await unit.enter(Bed, rows)
    return [str(row["id"]) for row in rows]


async def add(unit: UnitOfWork, new: NewBed) -> Bed:
    """Enter one bed. NotFound without its institution, BedNumberTaken."""
    await unit.get(Institution, new.institution_id, lock=True)
    mine = (col(Bed.institution_id) == new.institution_id) & (col(Bed.bed_no) == new.bed_no)
    if await unit.first(select(col(Bed.id)).where(mine)):
        raise BedNumberTaken(field="bedNo")
    [bed_id] = await add_many(unit, [new])
    return await unit.get(Bed, bed_id)


def _code(unit: UnitOfWork, uscc: str, bed_no: str) -> str:
    """The signature is a keyed digest: who does not hold the key cannot make up the code of another bed. Codes are
    looked up whole, so ones already printed stay good when the key is changed."""
    body = code_body(uscc, bed_no)
    signed = base64.b32encode(unit.vault.index("bed_code", body)[2:12]).decode()[:10]
    return f"{body}-{signed}"


def listing(*, institution_id: str | None = None, type_: str | None = None, status: str | None = None) -> Select[Any]:
    """Beds of the caller's rows."""
    statement = select(Bed)
    if institution_id is not None:
        statement = statement.where(col(Bed.institution_id) == institution_id)
    if type_ is not None:
        statement = statement.where(col(Bed.type) == type_)
    if status is not None:
        statement = statement.where(col(Bed.status) == status)
    return statement


async def by_code(unit: UnitOfWork, code: str) -> Bed | None:
    """The bed a code stands on."""
    found: Bed | None = await unit.first(select(Bed).where(col(Bed.code) == code))
    return found


async def step(unit: UnitOfWork, bed_id: str, action: str) -> Bed:
    """A change by hand: repair, reopen, retire."""
    bed = await unit.get(Bed, bed_id, lock=True)
    unit.expect_version(bed.version)
    await put(unit, bed, stepped(bed.status, action))
    return bed


async def put(unit: UnitOfWork, bed: Bed, status: str, turnover_until: datetime | None = None) -> None:
    """Set the status of a locked bed."""
    bed.status, bed.turnover_until, bed.version = status, turnover_until, bed.version + 1
    await unit.flush()


async def begin_turnover(unit: UnitOfWork, bed: Bed) -> None:
    """The occupant has left: cleaning first, then vacant by itself. The bed is locked."""
    hours = in_force(unit.today, bed.area_code).whole("beds.turnover")
    until = unit.now + timedelta(hours=hours)
    await put(unit, bed, "MAINTENANCE", until)
    await set_timer(unit, TURNOVER, f"{bed.id}/{bed.version}", until, {"bedId": bed.id, "version": bed.version})


async def end_turnover(unit: UnitOfWork, bed_id: str, version: int) -> None:
    """The time is up; nothing happens when somebody changed the bed since."""
    bed = await unit.session.get(Bed, bed_id, with_for_update=True, populate_existing=True)
    if bed is not None and bed.version == version and bed.status == "MAINTENANCE":
        await put(unit, bed, "VACANT")


def can_be_given_back(bed: Bed) -> bool:
    """Nobody has it and it is not under repair."""
    return bed.status == "VACANT" or (bed.status == "MAINTENANCE" and bed.turnover_until is not None)


async def figures(unit: UnitOfWork) -> Figures:
    """Occupancy and the counts of K-05 and K-07 over the caller's rows (E-20)."""
    house = col(Bed.type) != "FAMILY"
    alive = (col(Bed.status) != "RETIRED") & (col(Institution.state) == "OPERATING")

    def number(*conditions: Any) -> Any:
        whole = house
        for condition in conditions:
            whole = whole & condition
        return func.count(case((whole, 1)))

    row = (
        await unit.execute(
            select(
                number(),
                number(col(Bed.type).in_(NURSING)),
                number(col(Bed.type) == "DEMENTIA"),
                number(col(Bed.status) == "OCCUPIED"),
                number(col(Bed.status) == "RESERVED"),
                number(col(Bed.status) == "VACANT"),
                number(col(Bed.status) == "MAINTENANCE"),
                func.count(case((~house, 1))),
            )
            .select_from(Bed)
            .join(Institution, col(Institution.id) == col(Bed.institution_id))
            .where(alive)
        )
    ).one()
    return Figures(*(int(number) for number in row))


async def institution_of(unit: UnitOfWork, bed: Bed) -> institutions.Institution:
    """Whose bed it is."""
    return await unit.get(Institution, bed.institution_id)
