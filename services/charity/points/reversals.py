"""Taking back: what was earned for a gift that was refunded, what was redeemed for goods that never came."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from services.charity.points import rules
from services.charity.points.rules import Left
from services.charity.points.service import locked_account, movement_of, post_lines
from services.charity.points.tables import PointsAccount, PointsEntry, PointsLot, PointsMovement
from shared.contracts.charity import PointsReversed
from shared.db.problems import NotFound
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork


async def reverse(unit: UnitOfWork, person_id: str, movement_id: str, reason: str) -> PointsMovement:
    """Take back an earning (what is left of it; the gift was refunded) or a redemption (the goods never came)."""
    account = await locked_account(unit, person_id)
    if account is None:
        raise NotFound
    original = await unit.first(
        select(PointsMovement).where(col(PointsMovement.id) == movement_id, col(PointsMovement.person_id) == person_id)
    )
    if original is None:
        raise NotFound
    if original.kind not in ("EARN", "REDEEM"):
        raise rules.NotReversible
    if await unit.first(select(col(PointsMovement.id)).where(col(PointsMovement.reverses) == movement_id)):
        raise rules.AlreadyReversed
    back = await (_take_back_earning if original.kind == "EARN" else give_back)(unit, account, original, reason)
    unit.emit(
        PointsReversed(entry_id=back.id, person_id=person_id, points=back.points, reverses=movement_id),
        area_code=account.area_code,
    )
    return back


async def _take_back_earning(
    unit: UnitOfWork, account: PointsAccount, original: PointsMovement, reason: str
) -> PointsMovement:
    lot = await unit.get(PointsLot, original.id, lock=True)
    # What is kept for heirs past its last day is as gone as it would be on a living person's account.
    if lot.remaining == 0 or lot.expires_on < unit.today:
        raise rules.AlreadySpent
    back = movement_of(unit, account, "REVERSE", -lot.remaining, on_date=unit.today)
    back.reverses, back.note = original.id, reason
    unit.add(back)
    left = Left(lot.id, lot.remaining)
    lot.reversed_at = unit.now
    await post_lines(unit, back, [left], from_account="PERSON", to_account="ISSUED")
    return back


async def give_back(unit: UnitOfWork, account: PointsAccount, original: PointsMovement, reason: str) -> PointsMovement:
    """Put what a movement took back into its lots; of lots whose earning was taken back meanwhile, to the issuer."""
    entry, lot = table_of(PointsEntry).c, table_of(PointsLot).c
    rows = (
        await unit.execute(
            select(entry.lot_id, entry.points, entry.to_account, lot.reversed_at)
            .join(table_of(PointsLot), lot.id == entry.lot_id)
            .where(entry.movement_id == original.id, entry.from_account == "PERSON")
        )
    ).all()
    lines = [Left(row.lot_id, row.points) for row in rows]
    undone = [Left(row.lot_id, row.points) for row in rows if row.reversed_at is not None]
    points = sum(line.points for line in lines) - sum(line.points for line in undone)
    back = movement_of(unit, account, "REVERSE", points, on_date=unit.today)
    back.reverses, back.note = original.id, reason
    unit.add(back)
    await post_lines(unit, back, lines, from_account=rows[0].to_account, to_account="PERSON")
    await post_lines(unit, back, undone, from_account="PERSON", to_account="ISSUED")
    return back
