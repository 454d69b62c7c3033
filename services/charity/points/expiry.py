"""Points whose last day is over leave the accounts."""

from __future__ import annotations

from sqlalchemy import text

from services.charity.points.ledger import Line, post
from services.charity.points.tables import PointsMovement
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

_ACCOUNTS = text(
    "select a.person_id from points_account a where not a.is_frozen and exists (select from points_lot l"
    " where l.person_id = a.person_id and l.remaining > 0 and l.expires_on < :today)"
    " order by a.person_id limit :limit for update of a skip locked"
)
_LOTS = text(
    "select l.id, l.person_id, l.area_code, l.remaining, l.expires_on from points_lot l"
    " where l.person_id = any(:people) and l.remaining > 0 and l.expires_on < :today order by l.person_id, l.id"
)


async def expire(unit: UnitOfWork, limit: int = 500) -> int:
    """One batch of accounts; how many lots expired. What is kept for heirs waits."""
    people = list((await unit.execute(_ACCOUNTS, {"today": unit.today, "limit": limit})).scalars())
    if not people:
        return 0
    lots = (await unit.execute(_LOTS, {"people": people, "today": unit.today})).all()
    moved = [(uuid7(), lot) for lot in lots]
    await unit.execute(
        table_of(PointsMovement).insert(),
        [
            {
                "id": movement_id,
                "person_id": lot.person_id,
                "area_code": lot.area_code,
                "kind": "EXPIRE",
                "points": -lot.remaining,
                "source": "",
                "ref": "",
                "on_date": lot.expires_on,
                "parameter_set": "",
                "cause": "",
                "note": "",
                "created_at": unit.now,
            }
            for movement_id, lot in moved
        ],
    )
    lines = [Line(movement_id, lot.id, lot.person_id, lot.area_code, lot.remaining) for movement_id, lot in moved]
    await post(unit, lines, from_account="PERSON", to_account="EXPIRED")
    return len(lots)
