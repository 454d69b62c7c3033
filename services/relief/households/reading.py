"""Households as they are read: by the routes, and by the rules of the other rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select, text
from sqlmodel import col

from services.relief.households.rules import Condition, IncomeFrom, Membership
from services.relief.households.tables import Household, Income, Member, MemberCondition
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.payments import month_of

MEMBER, END_SHARE = "member", "end_share"
"""Effect on a member's row: her share is not counted for months from `from_date` on."""
PERSON, DECEASED = "person", "deceased"
"""Effect on a person: nothing new is begun for her."""


def listing(*, person_id: str | None = None) -> Select[Any]:
    """Households of the caller's rows, of one person where named."""
    statement = select(Household)
    if person_id is not None:
        theirs = select(col(Member.household_id)).where(col(Member.person_id) == person_id)
        statement = statement.where(col(Household.id).in_(theirs))
    return statement


async def members_of(unit: UnitOfWork, household_id: str) -> list[Member]:
    """All who are or were members, in the order of joining."""
    return await unit.all(
        select(Member)
        .where(col(Member.household_id) == household_id)
        .order_by(col(Member.valid_from), col(Member.id))
        .execution_options(populate_existing=True)
    )


async def conditions_of(unit: UnitOfWork, household_id: str) -> list[MemberCondition]:
    """What is special about the members."""
    mine = col(MemberCondition.household_id) == household_id
    return await unit.all(select(MemberCondition).where(mine).order_by(col(MemberCondition.id)))


async def shares_end(unit: UnitOfWork, household_id: str) -> dict[str, date]:
    """First month without a share, by member id, for those whose death is confirmed."""
    rows = await unit.execute(
        select(col(Effect.object_id), func.min(col(Effect.from_date)).label("month"))
        .join(Member, col(Member.id) == col(Effect.object_id))
        .where(col(Member.household_id) == household_id, *live(MEMBER, END_SHARE))
        .group_by(col(Effect.object_id))
    )
    return {row.object_id: row.month for row in rows}


@dataclass(frozen=True, slots=True)
class Record:
    """A family as the rules see it: its members, and its incomes in the order of recording."""

    members: list[Membership]
    incomes: list[IncomeFrom]


async def record_of(unit: UnitOfWork, household_id: str) -> Record:
    """One family."""
    return (await records(unit, [household_id]))[household_id]


async def records(unit: UnitOfWork, household_ids: Sequence[str]) -> dict[str, Record]:
    """Many families, by id: one statement each for members, conditions, ends and incomes."""
    ids = {"ids": list(household_ids)}
    found = {household_id: Record([], []) for household_id in household_ids}
    conditions: dict[str, list[Condition]] = {}
    for row in await unit.execute(_CONDITIONS, ids):
        conditions.setdefault(row.member_id, []).append(Condition(row.kind, row.from_month, row.to_month))
    for row in await unit.execute(_MEMBERS, ids):
        held = tuple(conditions.get(row.id, ()))
        member = Membership(row.person_id, row.valid_from, row.valid_to, row.birth, held, row.share_ends, row.labour)
        found[row.household_id].members.append(member)
    for row in await unit.execute(_INCOMES, ids):
        found[row.household_id].incomes.append(IncomeFrom(row.from_month, row.monthly_fen))
    return found


_MEMBERS = text("""
    select m.household_id, m.id, m.person_id, m.valid_from, m.valid_to, m.birth, m.labour, (
        select min(f.from_date) from kernel.effect f
        where f.object_kind = 'member' and f.object_id = m.id and f.kind = 'end_share' and f.annulled_at is null
    ) as share_ends
    from member m where m.household_id = any(cast(:ids as text[])) order by m.household_id, m.valid_from, m.id
""")
_CONDITIONS = text("""
    select c.member_id, c.kind, c.from_month, c.to_month
    from member_condition c where c.household_id = any(cast(:ids as text[])) order by c.id
""")
_INCOMES = text("""
    select i.household_id, i.from_month, i.monthly_fen
    from income i where i.household_id = any(cast(:ids as text[])) order by i.seq
""")


async def current_income(unit: UnitOfWork, household_id: str) -> Income | None:
    """The record in force this month."""
    mine = (col(Income.household_id) == household_id) & (col(Income.from_month) <= month_of(unit.today))
    latest = select(Income).where(mine).order_by(col(Income.from_month).desc(), col(Income.seq).desc())
    income: Income | None = await unit.first(latest.limit(1))
    return income


def incomes_listing(household_id: str) -> Select[Any]:
    """All records of a household."""
    return select(Income).where(col(Income.household_id) == household_id)


@asynccontextmanager
async def whole_family(unit: UnitOfWork) -> AsyncIterator[None]:
    """A member's own rows do not say who else is in her family, nor who of them has died: once she is seen to belong
    to it, she may know."""
    async with AsyncExitStack() as stack:
        if unit.principal.scope is Scope.PERSON:
            await stack.enter_async_context(unit.elevated("household: the whole family"))
        yield


def name_of(unit: UnitOfWork, member: Member) -> str:
    """The name in the clear, '' where none was taken in."""
    return unit.vault.open(Member, "name", member.id, member.name) if member.name else ""


def live(object_kind: str, kind: str) -> tuple[Any, ...]:
    """Conditions for live effects of one kind."""
    return (col(Effect.object_kind) == object_kind, col(Effect.kind) == kind, col(Effect.annulled_at).is_(None))


def has_living(household_id: Any, today: date) -> Any:
    """SQL condition: somebody is or will be a member whose death is not confirmed."""
    dead = select(Effect).where(*live(MEMBER, END_SHARE), col(Effect.object_id) == col(Member.id))
    stays = or_(col(Member.valid_to).is_(None), col(Member.valid_to) >= today)
    return select(Member).where(col(Member.household_id) == household_id, stays, ~dead.exists()).exists()
