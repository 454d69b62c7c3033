"""What the other rooms and the routes do with households. Lock order: cause, people, household, case, entitlement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select, text
from sqlmodel import col

from services.relief.households.reading import DECEASED, PERSON, live
from services.relief.households.rules import (
    AreaOutside,
    Condition,
    IncomeMonth,
    JoinsInFuture,
    LeavesBeforeJoining,
    MemberLeft,
    PersonDeceased,
    PersonInHousehold,
)
from services.relief.households.tables import Household, Income, Member, MemberCondition
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.ids import uuid7
from shared.payments import after, month_of

__all__ = ["Condition", "Household", "Income", "Member", "MemberCondition"]

on_constraint("ex_member_person", PersonInHousehold)


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member as she is entered; the name in the clear, it is sealed here."""

    person_id: str
    relation: str
    birth: date
    valid_from: date
    name: str = ""
    labour: str = "FULL"
    conditions: Sequence[Condition] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household with its members and its monthly income from a month on."""

    area_code: str
    applicant_id: str
    members: Sequence[NewMember]
    monthly_income_fen: int
    income_from: date
    registered_area: str = ""
    id: str = ""


# ── entering ─────────────────────────────────────────────────────────────────────────────────────


async def add_many(unit: UnitOfWork, households: Sequence[NewHousehold]) -> list[str]:
    """Enter households with members, conditions and incomes, one statement per table; their ids in order."""
    if not households:
        return []
    rows: dict[type[Any], list[dict[str, Any]]] = {Household: [], Member: [], MemberCondition: [], Income: []}
    for new in households:
        household_id = new.id or uuid7()
        rows[Household].append(
            {
                "id": household_id,
                "area_code": new.area_code,
                "registered_area": new.registered_area or new.area_code,
                "applicant_id": new.applicant_id,
                "created_at": unit.now,
                "version": 1,
            }
        )
        for member in new.members:
            row = _member_row(unit, household_id, new.area_code, member)
            rows[Member].append(row)
            rows[MemberCondition] += _condition_rows(row, member.conditions)
        rows[Income].append(
            {
                "household_id": household_id,
                "area_code": new.area_code,
                "from_month": month_of(new.income_from),
                "monthly_fen": new.monthly_income_fen,
                "source": "INTAKE",
                "decision_id": "",
                "remark": "",
                "recorded_by": unit.principal.account_id,
                "recorded_at": unit.now,
            }
        )
    for model, values in rows.items():
        if values:
            await unit.enter(model, values)
    return [str(row["id"]) for row in rows[Household]]


async def create(unit: UnitOfWork, new: NewHousehold) -> Household:
    """Enter one household. Raises AreaOutside, JoinsInFuture, IncomeMonth, PersonDeceased, PersonInHousehold."""
    who = unit.principal
    if who.scope is Scope.AREA and not who.lo <= new.area_code < who.hi:
        raise AreaOutside(field="areaCode")
    if any(member.valid_from > unit.today for member in new.members):
        raise JoinsInFuture(field="members")
    if month_of(new.income_from) > after(unit.today):
        raise IncomeMonth(field="incomeFrom")
    await living_people(unit, [member.person_id for member in new.members])
    (household_id,) = await add_many(unit, [new])
    return await unit.get(Household, household_id)


async def add_member(unit: UnitOfWork, household: Household, new: NewMember) -> Member:
    """Another member; she (`living_people`) and the household are locked. Raises PersonInHousehold."""
    row = _member_row(unit, household.id, household.area_code, new)
    await unit.enter(Member, [row])
    if new.conditions:
        await unit.enter(MemberCondition, _condition_rows(row, new.conditions))
    household.version += 1
    return await unit.get(Member, row["id"])


async def leave(unit: UnitOfWork, household: Household, member: Member, on: date, reason: str) -> None:
    """The member's last day in the household, which is locked. Raises MemberLeft, LeavesBeforeJoining."""
    if member.valid_to is not None:
        raise MemberLeft
    if on < member.valid_from:
        raise LeavesBeforeJoining(field="on")
    member.valid_to, member.leave_reason = on, reason
    if on < unit.today:
        member.viewer_id = ""
    household.version += 1
    await unit.flush()


async def add_condition(unit: UnitOfWork, household: Household, member: Member, condition: Condition) -> None:
    """Something special about a member of a locked household."""
    await unit.enter(MemberCondition, _condition_rows(member.model_dump(), [condition]))
    household.version += 1
    await unit.flush()


async def record_income(
    unit: UnitOfWork,
    household: Household,
    from_month: date,
    monthly_fen: int,
    *,
    source: str,
    decision_id: str = "",
    remark: str = "",
) -> Income:
    """What the family has from a month on; the household is locked."""
    row = Income(
        household_id=household.id,
        area_code=household.area_code,
        from_month=month_of(from_month),
        monthly_fen=monthly_fen,
        source=source,
        decision_id=decision_id,
        remark=remark,
        recorded_by=unit.principal.account_id,
        recorded_at=unit.now,
    )
    unit.add(row)
    household.version += 1
    await unit.flush()
    return row


_FORGET = text("update member set viewer_id = '' where viewer_id <> '' and valid_to < cast(:today as date)")


async def forget_former(unit: UnitOfWork) -> int:
    """Who has left sees the household no longer; how many."""
    done = await unit.execute(_FORGET, {"today": unit.today})
    return int(done.rowcount)  # type: ignore[attr-defined]


def _member_row(unit: UnitOfWork, household_id: str, area_code: str, new: NewMember) -> dict[str, Any]:
    member_id = new.id or uuid7()
    return {
        "id": member_id,
        "household_id": household_id,
        "person_id": new.person_id,
        "area_code": area_code,
        "relation": new.relation,
        "name": unit.vault.seal(Member, "name", member_id, new.name) if new.name else None,
        "birth": new.birth,
        "labour": new.labour,
        "valid_from": new.valid_from,
        "valid_to": None,
        "leave_reason": "",
        "viewer_id": new.person_id,
    }


def _condition_rows(member: dict[str, Any], conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid7(),
            "member_id": member["id"],
            "household_id": member["household_id"],
            "area_code": member["area_code"],
            "kind": condition.kind,
            "from_month": condition.from_month,
            "to_month": condition.to_month,
        }
        for condition in conditions
    ]


async def lock(unit: UnitOfWork, household_id: str) -> Household:
    """The household, locked; NotFound outside the caller's rows."""
    return await unit.get(Household, household_id, lock=True)


# ── the dead ─────────────────────────────────────────────────────────────────────────────────────

_LOCK_PERSON = text("select pg_advisory_xact_lock(7091, hashtext(:person_id))")


async def lock_people(unit: UnitOfWork, person_ids: Sequence[str]) -> None:
    """Hold people before their households: whoever begins something for a person, and her death."""
    for person_id in sorted(set(person_ids)):
        await unit.execute(_LOCK_PERSON, {"person_id": person_id})


async def living_people(unit: UnitOfWork, person_ids: Sequence[str]) -> None:
    """Lock people. Raises PersonDeceased when a death of one of them is confirmed, wherever that was."""
    await lock_people(unit, person_ids)
    async with unit.elevated("household: deaths of new members"):
        dead = await unit.first(
            select(col(Effect.object_id)).where(*live(PERSON, DECEASED), col(Effect.object_id).in_(list(person_ids)))
        )
    if dead:
        raise PersonDeceased


async def memberships_reaching(unit: UnitOfWork, person_id: str, month: date) -> list[Member]:
    """Memberships of a locked person that reach into a month or begin later; their households are locked, smallest
    id first."""
    reach = or_(col(Member.valid_to).is_(None), col(Member.valid_to) >= month)
    mine = select(Member).where(col(Member.person_id) == person_id, reach).order_by(col(Member.id))
    found: list[Member] = await unit.all(mine)
    await unit.lock(Household, [member.household_id for member in found])
    return await unit.all(mine.execution_options(populate_existing=True))
