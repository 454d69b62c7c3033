"""Promising, withdrawing, stopping for a death."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select, text, update
from sqlmodel import col

from services.charity.people import service as people
from services.charity.pledges.tables import Pledge
from shared import effects
from shared.db.problems import Conflict, Invalid, NotFound
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.ids import uuid7

__all__ = ["NewPledge", "Pledge"]

STOP = "stop_pledge"

_FOLLOW = text(
    "update pledge p set is_stopped = s.is_stopped, version = p.version + 1 from (select q.id, exists (select from"
    " kernel.effect e where e.object_kind = 'pledge' and e.object_id = q.id and e.kind = 'stop_pledge'"
    " and e.annulled_at is null) as is_stopped from pledge q where q.id = any(:ids)) s"
    " where p.id = s.id and p.is_stopped <> s.is_stopped"
)


class PledgeWithdrawn(Conflict):
    code = "pledge_withdrawn"
    detail = "该认捐已撤回"


@dataclass(frozen=True, slots=True)
class NewPledge:
    """A promise as it is entered; exactly one donor. Months are their first days."""

    beneficiary_id: str
    amount_fen: int
    from_month: date
    to_month: date
    donor_person_id: str | None = None
    donor_org_id: str | None = None


async def promise(unit: UnitOfWork, new: NewPledge) -> Pledge:
    """Enter a pledge to a living person of the caller's rows."""
    if bool(new.donor_person_id) == bool(new.donor_org_id):
        raise Invalid("one_donor", "捐助方须为一人或一家单位", field="donorPersonId")
    if new.donor_person_id == new.beneficiary_id:
        raise Invalid("donor_is_beneficiary", "捐助人与受助人不能为同一人", field="donorPersonId")
    if new.to_month < new.from_month:
        raise Invalid("months_reversed", "结束月份早于开始月份", field="toMonth")
    beneficiary = await people.find(unit, new.beneficiary_id)
    if beneficiary is None:
        raise NotFound
    parties = [person_id for person_id in (new.beneficiary_id, new.donor_person_id) if person_id]
    async with unit.elevated("pledge: lock both parties"):
        locked = await people.lock(unit, parties)
    if new.donor_person_id and new.donor_person_id not in locked:
        raise Invalid("donor_unknown", "没有找到该捐助人", field="donorPersonId")
    if any(person.is_deceased for person in locked.values()):
        raise people.PersonDeceased
    pledge = Pledge.model_validate(_row(unit, new, beneficiary.area_code))
    unit.add(pledge)
    await unit.flush()
    return pledge


async def add_many(unit: UnitOfWork, pledges: Sequence[NewPledge]) -> list[str]:
    """Enter many in one statement, their parties alive; their ids (seed)."""
    if not pledges:
        return []
    known = await people.lock(unit, {new.beneficiary_id for new in pledges})
    rows = [_row(unit, new, known[new.beneficiary_id].area_code) for new in pledges]
    await unit.enter(Pledge, rows)
    return [str(row["id"]) for row in rows]


def _row(unit: UnitOfWork, new: NewPledge, area_code: str) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "beneficiary_id": new.beneficiary_id,
        "area_code": area_code,
        "donor_person_id": new.donor_person_id,
        "donor_org_id": new.donor_org_id,
        "amount_fen": new.amount_fen,
        "from_month": new.from_month.replace(day=1),
        "to_month": new.to_month.replace(day=1),
        "is_stopped": False,
        "withdrawn_on": None,
        "version": 1,
        "created_at": unit.now,
    }


async def withdraw(unit: UnitOfWork, pledge_id: str) -> Pledge:
    """The donor takes her promise back from today."""
    pledge = await unit.get(Pledge, pledge_id, lock=True)
    unit.expect_version(pledge.version)
    if pledge.withdrawn_on is not None:
        raise PledgeWithdrawn
    pledge.withdrawn_on = unit.today
    pledge.version += 1
    await unit.flush()
    return pledge


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The beneficiary's pledges follow her to another area."""
    await unit.execute(update(Pledge).where(col(Pledge.beneficiary_id) == person_id).values(area_code=area_code))


def listing(person_id: str | None) -> Select[Any]:
    """Pledges to or by a person; rows come from the caller's scope."""
    statement = select(Pledge)
    if person_id:
        parties = or_(col(Pledge.beneficiary_id) == person_id, col(Pledge.donor_person_id) == person_id)
        statement = statement.where(parties)
    return statement


# ── death ────────────────────────────────────────────────────────────────────────────────────────


async def stop_for_death(unit: UnitOfWork, person_id: str, case_id: str, died_on: date) -> list[str]:
    """Stop what is pledged to the dead person and what she has pledged herself (nobody reminds the dead to pay);
    their ids. Her row lock is held."""
    parties = or_(col(Pledge.beneficiary_id) == person_id, col(Pledge.donor_person_id) == person_id)
    running = (col(Pledge.withdrawn_on).is_(None), col(Pledge.to_month) >= unit.today.replace(day=1))
    pledges = await unit.lock(Pledge, await unit.all(select(col(Pledge.id)).where(parties, *running)))
    for pledge in pledges:
        await effects.record(
            unit,
            cause=case_id,
            kind=STOP,
            object_kind="pledge",
            object_id=pledge.id,
            person_id=person_id,
            area_code=pledge.area_code,
            org_id=pledge.donor_org_id or "",
            from_date=died_on,
        )
    ids = [pledge.id for pledge in pledges]
    await unit.execute(_FOLLOW, {"ids": ids})
    return ids


async def release(unit: UnitOfWork, annulled: Sequence[Effect]) -> list[str]:
    """Let pledges run again whose stop was annulled; their ids."""
    ids = [effect.object_id for effect in annulled if effect.kind == STOP]
    await unit.lock(Pledge, ids)
    await unit.execute(_FOLLOW, {"ids": ids})
    return ids
