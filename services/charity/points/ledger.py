"""The one place that writes the ledger: lines and what they leave in the lots are one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text

from shared.db.unit import UnitOfWork
from shared.ids import uuid7

Account = Literal["PERSON", "ISSUED", "REDEEMED", "EXPIRED", "POOL"]

_POST = text(
    "with line as (select * from unnest(cast(:ids as text[]), cast(:movements as text[]), cast(:lots as text[]),"
    " cast(:people as text[]), cast(:areas as text[]), cast(:points as int[]))"
    " as l(id, movement_id, lot_id, person_id, area_code, points)),"
    " entered as (insert into points_entry (id, movement_id, lot_id, person_id, area_code, from_account, to_account,"
    " points, created_at) select l.id, l.movement_id, l.lot_id, l.person_id, l.area_code, :from_account, :to_account,"
    " l.points, :now from line l returning lot_id, points),"
    " total as (select lot_id, sum(case when :to_account = 'PERSON' then points else -points end) as points"
    " from entered group by lot_id)"
    " update points_lot t set remaining = t.remaining + total.points from total where t.id = total.lot_id"
)


@dataclass(frozen=True, slots=True)
class Line:
    """So many points of one lot, under one movement."""

    movement_id: str
    lot_id: str
    person_id: str
    area_code: str
    points: int


async def post(unit: UnitOfWork, lines: Sequence[Line], *, from_account: Account, to_account: Account) -> None:
    """Write these lines. The accounts' rows are locked; the lots' check refuses what is not there."""
    if not lines:
        return
    await unit.flush()
    await unit.execute(
        _POST,
        {
            "ids": [uuid7() for _ in lines],
            "movements": [line.movement_id for line in lines],
            "lots": [line.lot_id for line in lines],
            "people": [line.person_id for line in lines],
            "areas": [line.area_code for line in lines],
            "points": [line.points for line in lines],
            "from_account": from_account,
            "to_account": to_account,
            "now": unit.now,
        },
    )
