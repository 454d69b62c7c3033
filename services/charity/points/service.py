"""The account, earning and spending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlmodel import col

from services.charity.law import PARAMETERS, in_force
from services.charity.people import service as people
from services.charity.points import rules
from services.charity.points.ledger import Account, Line, post
from services.charity.points.rules import Earned, Left
from services.charity.points.tables import PointsAccount, PointsLot, PointsMovement
from shared import clock
from shared.contracts.charity import PointsEarned, PointsRedeemed
from shared.db.database import on_constraint
from shared.db.problems import Invalid, NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Balance", "PointsAccount", "PointsMovement"]

on_constraint("uq_points_movement_earned", rules.AlreadyEarned)
on_constraint("uq_points_movement_reverses", rules.AlreadyReversed)
on_constraint("ex_points_lot_hours", rules.HoursOverlap)
on_constraint("ck_points_lot_remaining", rules.NotEnoughPoints)


# ── the account ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Balance:
    """What a person has: `pending` is not yet available, `available` can be spent today."""

    person_id: str
    balance: int = 0
    pending: int = 0
    available: int = 0
    is_frozen: bool = False
    next_expiry: date | None = None


async def balance_of(unit: UnitOfWork, person_id: str) -> Balance:
    """The balance today; NotFound for a person outside the caller's rows."""
    account = await unit.session.get(PointsAccount, person_id)
    if account is None:
        if await people.find(unit, person_id) is None:
            raise NotFound
        return Balance(person_id)
    lot = table_of(PointsLot).c
    alive = [lot.person_id == person_id, lot.remaining > 0]
    if not account.is_frozen:  # what is kept for heirs does not expire meanwhile
        alive.append(lot.expires_on >= unit.today)
    pending = func.coalesce(func.sum(lot.remaining).filter(lot.available_on > unit.today), 0)
    sums = select(func.coalesce(func.sum(lot.remaining), 0).label("total"), pending.label("pending"))
    row = (await unit.execute(sums.add_columns(func.min(lot.expires_on).label("next_expiry")).where(*alive))).one()
    spendable = 0 if account.is_frozen else row.total - row.pending
    return Balance(person_id, row.total, row.pending, spendable, account.is_frozen, row.next_expiry)


async def locked_account(unit: UnitOfWork, person_id: str) -> PointsAccount | None:
    """The account with its lock, None when the person has none among the caller's rows."""
    return await unit.session.get(PointsAccount, person_id, with_for_update=True, populate_existing=True)


async def _opened_account(unit: UnitOfWork, person_id: str) -> PointsAccount:
    account = await locked_account(unit, person_id)
    if account is None:
        # The person's lock first: a death that is being worked off must find the account, or be found here.
        person = await unit.get(people.Person, person_id, lock=True)
        values = {
            "person_id": person_id,
            "area_code": person.area_code,
            "is_frozen": person.is_deceased,
            "opened_at": unit.now,
        }
        await unit.execute(insert(table_of(PointsAccount)).values(**values).on_conflict_do_nothing())
        account = await unit.get(PointsAccount, person_id, lock=True)
    return account


# ── earning ──────────────────────────────────────────────────────────────────────────────────────


async def earn_by_hours(
    unit: UnitOfWork, person_id: str, *, started_at: datetime, ended_at: datetime, ref: str
) -> tuple[PointsMovement, Earned]:
    """Credit verified hours. A frozen account is credited too: whether the points are hers is decided later."""
    minutes = rules.check_period(started_at, ended_at, unit.now)
    account = await _opened_account(unit, person_id)
    # A day more: the offset it is written with may be of another time zone.
    _refuse_expired(unit, account, started_at.date() + timedelta(days=1), "startedAt")
    earned_on = clock.to_business_date(started_at)
    law = in_force(earned_on, account.area_code)
    earned = rules.for_hours(
        minutes,
        per_hour=law.whole("points.volunteer_hour"),
        day_cap=law.whole("points.volunteer_day"),
        that_day=await _earned(unit, person_id, "VOLUNTEER", earned_on, earned_on),
    )
    period = Range(started_at, ended_at)
    return await _credit(unit, account, earned, "VOLUNTEER", ref, earned_on, period), earned


async def earn_by_gift(
    unit: UnitOfWork, person_id: str, *, amount_fen: int, on_date: date, ref: str
) -> tuple[PointsMovement, Earned]:
    """Credit a gift of money that was received on a day."""
    if on_date > unit.today:
        raise Invalid("date_in_future", "捐赠日期晚于今天", field="onDate")
    account = await _opened_account(unit, person_id)
    _refuse_expired(unit, account, on_date, "onDate")
    law = in_force(on_date, account.area_code)
    year = (on_date.replace(month=1, day=1), on_date.replace(month=12, day=31))
    earned = rules.for_gift(
        amount_fen,
        step_fen=law.fen("points.gift_step"),
        gift_cap=law.whole("points.gift_cap"),
        year_cap=law.whole("points.gift_year"),
        that_year=await _earned(unit, person_id, "DONATION", *year),
    )
    return await _credit(unit, account, earned, "DONATION", ref, on_date, None), earned


def _refuse_expired(unit: UnitOfWork, account: PointsAccount, earned_on: date, field: str) -> None:
    """Before anything is reckoned: what would have expired today is refused."""
    years = in_force(unit.today, account.area_code).whole("points.valid")
    if rules.last_day(earned_on, years) < unit.today:
        raise rules.TooOld(field=field)


async def _earned(unit: UnitOfWork, person_id: str, source: str, first: date, last: date) -> int:
    lot = table_of(PointsLot).c
    statement = select(func.coalesce(func.sum(lot.points), 0)).where(
        lot.person_id == person_id,
        lot.source == source,
        lot.earned_on >= first,
        lot.earned_on <= last,
        lot.reversed_at.is_(None),
    )
    return int(await unit.session.scalar(statement) or 0)


async def _credit(
    unit: UnitOfWork,
    account: PointsAccount,
    earned: Earned,
    source: str,
    ref: str,
    earned_on: date,
    period: Range[datetime] | None,
) -> PointsMovement:
    if earned.points == 0:
        raise rules.CapReached(detail="；".join(earned.reasons))
    law = in_force(earned_on, account.area_code)
    expires_on = rules.last_day(earned_on, law.whole("points.valid"))
    if expires_on < unit.today:
        raise rules.TooOld
    movement = movement_of(unit, account, "EARN", earned.points, source=source, ref=ref, on_date=earned_on)
    movement.parameter_set = PARAMETERS.digest
    unit.add(movement)
    await unit.flush()
    unit.add(
        PointsLot(
            id=movement.id,
            person_id=account.person_id,
            area_code=account.area_code,
            source=source,
            points=earned.points,
            remaining=0,
            earned_on=earned_on,
            available_on=unit.today + timedelta(days=law.whole("points.pending")),
            expires_on=expires_on,
            service_period=period,
        )
    )
    await post_lines(unit, movement, [Left(movement.id, earned.points)], from_account="ISSUED", to_account="PERSON")
    unit.emit(
        PointsEarned(entry_id=movement.id, person_id=account.person_id, points=earned.points, source=source),  # type: ignore[arg-type]
        area_code=account.area_code,
    )
    return movement


# ── spending ─────────────────────────────────────────────────────────────────────────────────────


async def redeem(unit: UnitOfWork, person_id: str, *, points: int, use: str, item: str) -> PointsMovement:
    """Spend available points, those that expire first. Raises PointsFrozen, NotEnoughPoints."""
    account = await locked_account(unit, person_id)
    if account is None:
        if await people.find(unit, person_id) is None:
            raise NotFound
        raise rules.NotEnoughPoints
    if account.is_frozen:
        raise rules.PointsFrozen
    law = in_force(unit.today, account.area_code)
    movement = movement_of(unit, account, "REDEEM", -points, source=use, ref=item, on_date=unit.today)
    if use == "PROJECT":
        movement.value_fen = rules.project_value(
            points, step=law.whole("points.project_step"), value_fen=law.fen("points.project_value")
        )
    taken = rules.take(await _spendable(unit, person_id), points)
    unit.add(movement)
    await post_lines(unit, movement, taken, from_account="PERSON", to_account="REDEEMED")
    unit.emit(
        PointsRedeemed(entry_id=movement.id, person_id=person_id, points=points, use=use),  # type: ignore[arg-type]
        area_code=account.area_code,
    )
    return movement


async def _spendable(unit: UnitOfWork, person_id: str) -> list[Left]:
    lot = table_of(PointsLot).c
    rows = await unit.execute(
        select(lot.id, lot.remaining)
        .where(
            lot.person_id == person_id,
            lot.remaining > 0,
            lot.available_on <= unit.today,
            lot.expires_on >= unit.today,
        )
        .order_by(lot.expires_on, lot.id)
    )
    return [Left(row.id, row.remaining) for row in rows]


# ── movements ────────────────────────────────────────────────────────────────────────────────────


def movements(person_id: str) -> Select[Any]:
    """What happened on an account; rows come from the caller's scope."""
    return select(PointsMovement).where(col(PointsMovement.person_id) == person_id)


def movement_of(
    unit: UnitOfWork,
    account: PointsAccount,
    kind: str,
    points: int,
    *,
    on_date: date,
    source: str = "",
    ref: str = "",
) -> PointsMovement:
    """A movement on an account, not yet added; its lines follow."""
    return PointsMovement(
        id=uuid7(),
        person_id=account.person_id,
        area_code=account.area_code,
        kind=kind,
        points=points,
        source=source,
        ref=ref,
        on_date=on_date,
        created_at=unit.now,
    )


async def post_lines(
    unit: UnitOfWork, movement: PointsMovement, lines: list[Left], *, from_account: Account, to_account: Account
) -> None:
    """The lines of one movement."""
    whole = [Line(movement.id, line.lot_id, movement.person_id, movement.area_code, line.points) for line in lines]
    await post(unit, whole, from_account=from_account, to_account=to_account)


async def move(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The account and what is left on it follow the person; the ledger stays where it was written."""
    for model in (PointsAccount, PointsLot):
        own = table_of(model)
        await unit.execute(update(own).where(own.c.person_id == person_id).values(area_code=area_code))
