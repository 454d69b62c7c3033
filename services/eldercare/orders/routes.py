"""Orders over HTTP: one route a step, because each step is somebody else's."""

from typing import Annotated

from fastapi import Query

from services.eldercare.filters import Filters
from services.eldercare.orders import service
from services.eldercare.orders.schemas import DispatchIn, OrderIn, OrderOut, ReasonIn, ReviewIn, State
from shared.ids import PersonId
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare/orders", tags=["居家服务订单"])


class OrderQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    person_id: PersonId | None = None


@router.get("")
@permit("order", "read", "personal")
async def list_orders(unit: Unit, query: Annotated[OrderQuery, Query()]) -> Page[OrderOut]:
    """居家服务订单，按服务时间排列。"""
    statement = service.listing(state=query.state, person_id=query.person_id)
    order = [service.Order.slot_from, service.Order.id]
    page = await paginate(unit, statement, order, query, OrderOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("", status_code=201)
@permit("order", "create", "personal")
async def create_order(body: OrderIn, unit: Unit) -> OrderOut:
    """下单。"""
    order = await service.create(unit, body.person_id, body.item, body.slot_from, body.minutes, body.provider_id)
    return _noted(unit, order)


@router.get("/{order_id}")
@permit("order", "read", "personal")
async def get_order(order_id: str, unit: Unit) -> OrderOut:
    """订单。"""
    return _noted(unit, await unit.get(service.Order, order_id))


@router.post("/{order_id}/dispatch")
@permit("order", "dispatch", "personal")
async def dispatch_order(order_id: str, body: DispatchIn, unit: Unit) -> OrderOut:
    """派单。"""
    return _noted(unit, await service.step(unit, order_id, "dispatch", carer_id=body.carer_id))


@router.post("/{order_id}/accept")
@permit("order", "serve", "personal")
async def accept_order(order_id: str, unit: Unit) -> OrderOut:
    """接单。"""
    return _noted(unit, await service.step(unit, order_id, "accept"))


@router.post("/{order_id}/decline")
@permit("order", "serve", "personal")
async def decline_order(order_id: str, unit: Unit) -> OrderOut:
    """退单，重新待派。"""
    return _noted(unit, await service.step(unit, order_id, "decline"))


@router.post("/{order_id}/check-in")
@permit("order", "serve", "personal")
async def check_in_order(order_id: str, unit: Unit) -> OrderOut:
    """签到，开始服务。"""
    return _noted(unit, await service.step(unit, order_id, "check_in"))


@router.post("/{order_id}/check-out")
@permit("order", "serve", "personal")
async def check_out_order(order_id: str, unit: Unit) -> OrderOut:
    """签退，结束服务；老人确认，或逾期自动确认。"""
    return _noted(unit, await service.step(unit, order_id, "check_out"))


@router.post("/{order_id}/confirm")
@permit("order", "confirm", "personal")
async def confirm_order(order_id: str, unit: Unit) -> OrderOut:
    """老人确认。"""
    return _noted(unit, await service.step(unit, order_id, "confirm"))


@router.post("/{order_id}/cancel")
@permit("order", "cancel", "personal")
async def cancel_order(order_id: str, body: ReasonIn, unit: Unit) -> OrderOut:
    """服务开始前取消。"""
    return _noted(unit, await service.step(unit, order_id, "cancel", reason=body.reason))


@router.post("/{order_id}/flag")
@permit("order", "review", "personal")
async def flag_order(order_id: str, body: ReasonIn, unit: Unit) -> OrderOut:
    """标记异常；复核前不结算。"""
    return _noted(unit, await service.step(unit, order_id, "flag", reason=body.reason))


@router.post("/{order_id}/review")
@permit("order", "review", "personal")
async def review_order(order_id: str, body: ReviewIn, unit: Unit) -> OrderOut:
    """异常复核：通过或作废。"""
    return _noted(unit, await service.step(unit, order_id, body.outcome, reason=body.reason))


@router.post("/{order_id}/audit")
@permit("order", "review", "personal")
async def audit_order(order_id: str, unit: Unit) -> OrderOut:
    """审核通过，待结算。"""
    return _noted(unit, await service.step(unit, order_id, "audit"))


@router.post("/{order_id}/settle")
@permit("order", "settle", "personal")
async def settle_order(order_id: str, unit: Unit) -> OrderOut:
    """结算。"""
    return _noted(unit, await service.step(unit, order_id, "settle"))


def _noted(unit: Unit, order: service.Order) -> OrderOut:
    unit.note(subjects=[order.person_id], detail={"order": order.id, "state": order.state})
    return OrderOut.model_validate(order)
