"""Orders: entry, steps, and what a death does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update
from sqlmodel import col

from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from services.eldercare.law import in_force
from services.eldercare.orders.rules import Fate, fate, stepped
from services.eldercare.orders.tables import Order
from shared import clock, effects
from shared.db.problems import Invalid
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.events import set_timer
from shared.ids import uuid7

__all__ = ["NewOrder", "Order"]

AUTO_CONFIRM = "order.confirm"
"""Timer: the elder has said nothing."""
CANCELLED_BY_DEATH = "cancel_order"
"""Effect: the order was cancelled because of a death; its payload holds state and carer before."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as the bulk entry takes it."""

    person_id: str
    area_code: str
    item: str
    slot_from: datetime
    minutes: int = 60
    state: str = "CREATED"
    provider_id: str = ""
    carer_id: str = ""
    id: str = ""


async def add_many(unit: UnitOfWork, orders: Sequence[NewOrder]) -> list[str]:
    """Enter orders in one statement; the ids in order."""
    rows = [
        {
            "id": order.id or uuid7(),
            "person_id": order.person_id,
            "area_code": order.area_code,
            "provider_id": order.provider_id,
            "carer_id": order.carer_id,
            "item": order.item,
            "minutes": order.minutes,
            "slot_from": order.slot_from,
            "slot_to": order.slot_from + timedelta(minutes=order.minutes),
            "state": order.state,
            "reason": "",
            "version": 1,
        }
        for order in orders
    ]
    if rows:
        await unit.enter(Order, rows)
    return [str(row["id"]) for row in rows]


async def create(
    unit: UnitOfWork, person_id: str, item: str, slot_from: datetime, minutes: int, provider_id: str
) -> Order:
    """A new order for a living elder in the future. Raises ElderDeceased, Invalid."""
    if slot_from <= unit.now:
        raise Invalid("slot_in_past", "服务时间应晚于现在", field="slotFrom")
    elder = await elders.living(unit, person_id)
    days = in_force(unit.today, elder.area_code).whole("orders.ahead")
    if slot_from > unit.now + timedelta(days=days):
        raise Invalid("slot_too_far", f"最多可提前{days}天预约", field="slotFrom")
    new = NewOrder(person_id, elder.area_code, item, slot_from, minutes, provider_id=provider_id)
    [order_id] = await add_many(unit, [new])
    return await unit.get(Order, order_id)


async def step(unit: UnitOfWork, order_id: str, action: str, *, carer_id: str = "", reason: str = "") -> Order:
    """One step. Raises OrderInWrongState."""
    order = await unit.get(Order, order_id, lock=True)
    unit.expect_version(order.version)
    order.state = stepped(order.state, action)
    order.version += 1
    match action:
        case "dispatch":
            order.carer_id = carer_id
        case "decline":
            order.carer_id = ""
        case "check_in":
            order.checked_in_at = unit.now
        case "check_out":
            order.checked_out_at = unit.now
            hours = in_force(unit.today, order.area_code).whole("orders.auto_confirm")
            await set_timer(unit, AUTO_CONFIRM, order.id, unit.now + timedelta(hours=hours))
        case _:
            order.reason = reason or order.reason
    await unit.flush()
    return order


async def confirm_silently(unit: UnitOfWork, order_id: str) -> None:
    """The elder said nothing in the time she had; nothing happens when the order has moved on."""
    order = await unit.session.get(Order, order_id, with_for_update=True, populate_existing=True)
    if order is not None and order.state == "CHECKED_OUT":
        await step(unit, order_id, "confirm")


def listing(*, state: str | None = None, person_id: str | None = None) -> Select[Any]:
    """Orders of the caller's rows."""
    statement = select(Order)
    if state is not None:
        statement = statement.where(col(Order.state) == state)
    if person_id is not None:
        statement = statement.where(col(Order.person_id) == person_id)
    return statement


async def of_person(unit: UnitOfWork, person_id: str) -> list[Order]:
    """Her orders, newest slot first, at most 50."""
    return await unit.all(listing(person_id=person_id).order_by(col(Order.slot_from).desc()).limit(50))


async def follow(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The elder moved."""
    table = table_of(Order)
    await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))


# ── death and its withdrawal ─────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Ended:
    """Order ids by what became of them."""

    cancelled: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    paid_already: list[str] = field(default_factory=list)


async def end_for_death(unit: UnitOfWork, elder: Elder, case_id: str, death_date: date) -> Ended:
    """Cancel future orders, void ones after the day of death; all of it as effects of the case."""
    since = clock.start_of_day(death_date)
    hers = (
        (col(Order.person_id) == elder.person_id)
        & (col(Order.slot_from) >= since)
        & col(Order.state).not_in(("CANCELLED", "VOID"))
    )
    ended = Ended()
    for order in await unit.lock(Order, await unit.all(select(col(Order.id)).where(hers))):
        day = clock.to_business_date(order.slot_from)
        what = fate(order.state, order.slot_from, day, death_date=death_date, now=unit.now)
        if what is Fate.CANCEL:
            await _cancel(unit, order, case_id)
            ended.cancelled.append(order.id)
        elif what is Fate.VOID:
            await effects.change(
                unit,
                order,
                "state",
                "VOID",
                cause=case_id,
                person_id=order.person_id,
                area_code=order.area_code,
                org_id=order.provider_id,
            )
            ended.void.append(order.id)
        elif what is Fate.PAID_ALREADY:
            ended.paid_already.append(order.id)
    return ended


async def _cancel(unit: UnitOfWork, order: Order, case_id: str) -> None:
    await effects.record(
        unit,
        cause=case_id,
        kind=CANCELLED_BY_DEATH,
        object_kind="home_order",
        object_id=order.id,
        person_id=order.person_id,
        area_code=order.area_code,
        org_id=order.provider_id,
        from_date=unit.today,
        payload={"state": order.state, "carer": order.carer_id},
    )
    order.state, order.reason = "CANCELLED", "服务对象已故"
    order.version += 1
    await unit.flush()


async def offer_again(unit: UnitOfWork, cancelled: Sequence[Effect]) -> tuple[list[str], list[str]]:
    """After a withdrawal: orders whose slot is still to come are offered again, not made anew (domain §10 c): they
    start over at CREATED, since their carers were free to take other work. `(offered, missed)` order ids."""
    offered: list[str] = []
    missed: list[str] = []
    for order in await unit.lock(Order, [effect.object_id for effect in cancelled]):
        if order.state != "CANCELLED" or order.slot_from <= unit.now:
            missed.append(order.id)
            continue
        order.state, order.carer_id, order.reason = "CREATED", "", ""
        order.version += 1
        offered.append(order.id)
    await unit.flush()
    return offered, missed


async def catch_up(unit: UnitOfWork, order_ids: Sequence[str]) -> None:
    """Orders given back at CHECKED_OUT whose time for silence ran out meanwhile are confirmed by it now."""
    for order in await unit.lock(Order, order_ids):
        hours = in_force(unit.today, order.area_code).whole("orders.auto_confirm")
        if order.state != "CHECKED_OUT" or order.checked_out_at is None:
            continue
        if order.checked_out_at + timedelta(hours=hours) <= unit.now:
            await step(unit, order.id, "confirm")
