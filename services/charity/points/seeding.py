"""Entering many earnings at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.charity.law import PARAMETERS, in_force
from services.charity.people import service as people
from services.charity.points import rules
from services.charity.points.ledger import Line, post
from services.charity.points.tables import PointsAccount, PointsLot, PointsMovement
from shared.db.unit import UnitOfWork
from shared.ids import uuid7


@dataclass(frozen=True, slots=True)
class Earning:
    """Points a person has earned: source VOLUNTEER or DONATION, `ref` the number of its record."""

    person_id: str
    source: str
    points: int
    earned_on: date
    ref: str


async def earn_many(unit: UnitOfWork, earnings: Sequence[Earning]) -> None:
    """Open the accounts of known people and credit them, four statements in all. Nobody is told, no cap is checked
    (seed, take-over of an older ledger). Needs the system's rows."""
    known = await people.lock(unit, {earning.person_id for earning in earnings})
    entered = [(uuid7(), earning, known[earning.person_id]) for earning in earnings if earning.person_id in known]
    if not entered:
        return
    accounts = [
        {"person_id": p.person_id, "area_code": p.area_code, "is_frozen": p.is_deceased, "opened_at": unit.now}
        for p in known.values()
    ]
    await unit.enter(PointsAccount, accounts, skip_known=True)
    movements, lots, lines = [], [], []
    for row_id, earning, person in entered:
        law = in_force(earning.earned_on, person.area_code)
        whose = {"id": row_id, "person_id": person.person_id, "area_code": person.area_code}
        movements.append(
            whose
            | {
                "kind": "EARN",
                "points": earning.points,
                "source": earning.source,
                "ref": earning.ref,
                "on_date": earning.earned_on,
                "parameter_set": PARAMETERS.digest,
                "cause": "",
                "note": "",
                "created_at": unit.now,
            }
        )
        lots.append(
            whose
            | {
                "source": earning.source,
                "points": earning.points,
                "remaining": 0,
                "earned_on": earning.earned_on,
                "available_on": earning.earned_on + timedelta(days=law.whole("points.pending")),
                "expires_on": rules.last_day(earning.earned_on, law.whole("points.valid")),
            }
        )
        lines.append(Line(row_id, row_id, person.person_id, person.area_code, earning.points))
    await unit.enter(PointsMovement, movements)
    await unit.enter(PointsLot, lots)
    await post(unit, lines, from_account="ISSUED", to_account="PERSON")
