"""Points of the dead: kept for the heirs for a time, then given to the common pool; and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, text
from sqlmodel import col

from services.charity.law import in_force
from services.charity.points.reversals import give_back
from services.charity.points.rules import Left, months_later
from services.charity.points.service import locked_account, movement_of, post_lines
from services.charity.points.tables import PointsLot, PointsMovement
from shared import clock, effects
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.effects.tables import Effect
from shared.events import set_timer

FREEZE = "freeze_points"
TO_POOL = "points.to_pool"

_FOLLOW = text(
    "update points_account a set is_frozen = exists (select from kernel.effect e where e.object_kind = 'points_account'"
    " and e.object_id = a.person_id and e.kind = 'freeze_points' and e.annulled_at is null)"
    " where a.person_id = :person_id"
)


async def freeze(unit: UnitOfWork, person_id: str, case_id: str, died_on: date, area_code: str) -> bool:
    """Freeze the account of the dead person from today; False when she has none. Her row lock is held.

    The effect is recorded in any case: an account opened for a late record is frozen too.
    """
    account = await locked_account(unit, person_id)
    where = account.area_code if account else area_code
    months = in_force(unit.today, where).whole("points.heirs")
    until = months_later(unit.today, months)
    await effects.record(
        unit,
        cause=case_id,
        kind=FREEZE,
        object_kind="points_account",
        object_id=person_id,
        person_id=person_id,
        area_code=where,
        from_date=died_on,
        payload={"until": until.isoformat()},
    )
    await unit.execute(_FOLLOW, {"person_id": person_id})
    payload = {"caseId": case_id, "personId": person_id}
    await set_timer(unit, TO_POOL, case_id, clock.start_of_day(until), payload)
    return account is not None


async def unfreeze(unit: UnitOfWork, person_id: str, annulled: Sequence[Effect], case_id: str) -> bool:
    """The death was none: the account is hers again, with what went to the pool; False when she has none."""
    account = await locked_account(unit, person_id)
    if account is None or not any(effect.kind == FREEZE for effect in annulled):
        return False
    await unit.execute(_FOLLOW, {"person_id": person_id})
    given = await unit.first(
        select(PointsMovement).where(col(PointsMovement.cause) == case_id, col(PointsMovement.kind) == "POOL")
    )
    if given is not None:
        await give_back(unit, account, given, "死亡认定已撤销")
    return True


async def give_to_pool(unit: UnitOfWork, person_id: str, case_id: str) -> int:
    """The heirs' time is over: what is left goes to the pool; how many points. Nothing when the freeze was annulled."""
    account = await locked_account(unit, person_id)
    frozen = await effects.live(unit, "points_account", person_id)
    if account is None or not any(effect.kind == FREEZE and effect.cause == case_id for effect in frozen):
        return 0
    lot = table_of(PointsLot).c
    rows = await unit.execute(
        select(lot.id, lot.remaining).where(lot.person_id == person_id, lot.remaining > 0).order_by(lot.id)
    )
    left = [Left(row.id, row.remaining) for row in rows]
    points = sum(one.points for one in left)
    if points:
        movement = movement_of(unit, account, "POOL", -points, on_date=unit.today)
        movement.cause, movement.note = case_id, "继承保留期满，转入公益积分池"
        unit.add(movement)
        await post_lines(unit, movement, left, from_account="PERSON", to_account="POOL")
    return points
