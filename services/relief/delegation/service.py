"""Switching a town's power on and off, and asking for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.relief.delegation.rules import (
    DelegationExists,
    DelegationState,
    NotATown,
    StartsInPast,
    consequence,
)
from services.relief.delegation.tables import Delegation
from services.relief.households.rules import AreaOutside
from shared.china import areas
from shared.china.areas import Level
from shared.db.database import on_constraint
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Delegation"]

on_constraint("uq_delegation_open", DelegationExists)


def town_of(area_code: str) -> str:
    """The town, or the management committee with a town's duties, an area lies in; "" above towns."""
    village = areas.at_level(area_code, Level.VILLAGE)
    if village is not None and areas.is_management_committee(village):
        return village
    return areas.at_level(area_code, Level.TOWN) or ""


async def delegate(unit: UnitOfWork, town: str, kind: str, from_on: date, reason: str) -> Delegation:
    """A town decides a kind from a day on. Raises NotATown, StartsInPast, AreaOutside, DelegationExists."""
    if town != town_of(town):
        raise NotATown(field="areaCode")
    if from_on < unit.today:
        raise StartsInPast(field="fromOn")
    who = unit.principal
    if who.scope is Scope.AREA and not who.lo <= town < who.hi:
        raise AreaOutside(field="areaCode")
    row = Delegation(
        id=uuid7(),
        area_code=town,
        kind=kind,
        from_on=from_on,
        reason=reason,
        changed_by=who.account_id,
        changed_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    return row


_STEPS = {
    "suspend": (("ACTIVE",), "SUSPENDED"),
    "resume": (("SUSPENDED",), "ACTIVE"),
    "end": (("ACTIVE", "SUSPENDED"), "ENDED"),
}


async def step(unit: UnitOfWork, delegation_id: str, action: str, reason: str) -> Delegation:
    """`suspend`, `resume` or `end`. Cases on the town's desk are handed over then. Raises DelegationState."""
    row = await unit.get(Delegation, delegation_id, lock=True)
    unit.expect_version(row.version)
    sources, target = _STEPS[action]
    if row.state not in sources:
        raise DelegationState
    _change(unit, row, target, reason)
    await unit.flush()
    return row


def _change(unit: UnitOfWork, row: Delegation, state: str, reason: str) -> None:
    row.state, row.reason = state, reason
    row.changed_by, row.changed_at = unit.principal.account_id, unit.now
    row.version += 1


async def is_delegated(unit: UnitOfWork, area_code: str, kind: str) -> bool:
    """Whether the town of an area decides a kind today. Looked up past the caller's rows: a village sees no town's."""
    async with unit.elevated("delegation: who decides"):
        found = await unit.first(
            select(col(Delegation.id)).where(
                col(Delegation.area_code) == town_of(area_code),
                col(Delegation.kind) == kind,
                col(Delegation.state) == "ACTIVE",
                col(Delegation.from_on) <= unit.today,
            )
        )
    return found is not None


async def judge(
    unit: UnitOfWork, town: str, kind: str, quarter: date, *, errors: int, drawn: int, rates: tuple[Decimal, Decimal]
) -> str:
    """What a quarter's errors mean for the delegation in force: "WARN" and "SUSPEND" once each, else ""."""
    open_one = (
        (col(Delegation.area_code) == town) & (col(Delegation.kind) == kind) & (col(Delegation.state) == "ACTIVE")
    )
    row: Delegation | None = await unit.first(select(Delegation).where(open_one).with_for_update())
    means = consequence(errors, drawn, *rates)
    if row is None or not means or (means == "WARN" and row.warned_for == quarter):
        return ""
    words = f"{quarter.year}年第{(quarter.month + 2) // 3}季度抽查{drawn}件，差错{errors}件"
    row.warned_for = quarter
    if means == "SUSPEND":
        _change(unit, row, "SUSPENDED", f"{words}，暂停下放")
    else:
        _change(unit, row, "ACTIVE", f"{words}，警告")
    await unit.flush()
    return means


def listing(*, state: str | None = None, kind: str | None = None) -> Select[Any]:
    """Delegations of the caller's rows."""
    statement = select(Delegation)
    if state is not None:
        statement = statement.where(col(Delegation.state) == state)
    if kind is not None:
        statement = statement.where(col(Delegation.kind) == kind)
    return statement
