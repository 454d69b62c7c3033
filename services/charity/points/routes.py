"""Points over HTTP."""

from services.charity.points import reversals, service
from services.charity.points.schemas import (
    BalanceOut,
    EarnedOut,
    GiftIn,
    HoursIn,
    MovementOut,
    RedeemIn,
    ReverseIn,
)
from services.charity.points.tables import PointsMovement
from shared.ids import PersonId, UuidStr
from shared.web import Page, PageQuery, Router, Unit, paginate, permit

router = Router(prefix="/api/charity/people/{person_id}/points", tags=["慈善积分"])


@router.get("")
@permit("points", "read", "personal")
async def get_points(person_id: PersonId, unit: Unit) -> BalanceOut:
    """积分余额。"""
    unit.note(subjects=[person_id])
    return BalanceOut.model_validate(await service.balance_of(unit, person_id))


@router.get("/movements")
@permit("points", "read", "personal")
async def list_movements(person_id: PersonId, unit: Unit, page: PageQuery) -> Page[MovementOut]:
    """积分明细，新的在前。"""
    statement = service.movements(person_id)
    found = await paginate(unit, statement, [PointsMovement.id], page, MovementOut.model_validate, descending=True)
    unit.note(subjects=[person_id], count=len(found.items))
    return found


@router.post("/volunteering", status_code=201)
@permit("points", "earn", "personal")
async def earn_by_hours(person_id: PersonId, body: HoursIn, unit: Unit) -> EarnedOut:
    """为经核实的志愿服务时段计分。"""
    movement, earned = await service.earn_by_hours(
        unit, person_id, started_at=body.started_at, ended_at=body.ended_at, ref=body.ref
    )
    unit.note(subjects=[person_id])
    return EarnedOut(movement=MovementOut.model_validate(movement), reasons=list(earned.reasons))


@router.post("/gifts", status_code=201)
@permit("points", "earn", "personal")
async def earn_by_gift(person_id: PersonId, body: GiftIn, unit: Unit) -> EarnedOut:
    """为已收到的捐赠计分。"""
    movement, earned = await service.earn_by_gift(
        unit, person_id, amount_fen=body.amount, on_date=body.on_date, ref=body.ref
    )
    unit.note(subjects=[person_id])
    return EarnedOut(movement=MovementOut.model_validate(movement), reasons=list(earned.reasons))


@router.post("/redemptions", status_code=201)
@permit("points", "redeem", "personal")
async def redeem_points(person_id: PersonId, body: RedeemIn, unit: Unit) -> MovementOut:
    """兑换积分，先用最早到期的。"""
    movement = await service.redeem(unit, person_id, points=body.points, use=body.use, item=body.item)
    unit.note(subjects=[person_id])
    return MovementOut.model_validate(movement)


@router.post("/movements/{movement_id}/reversal", status_code=201)
@permit("points", "reverse", "personal")
async def reverse_points(person_id: PersonId, movement_id: UuidStr, body: ReverseIn, unit: Unit) -> MovementOut:
    """冲回一笔获得（捐赠已退）或兑换（未能兑现）的积分。"""
    back = await reversals.reverse(unit, person_id, movement_id, body.reason)
    unit.note(subjects=[person_id], reason=body.reason)
    return MovementOut.model_validate(back)
