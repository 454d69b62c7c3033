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
    """Orders of the caller's rows, by slot."""
    statement = service.listing(state=query.state, person_id=query.person_id)
    order = [service.Order.slot_from, service.Order.id]
    page = await paginate(unit, statement, order, query, OrderOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("", status_code=201)
@permit("order", "create", "personal")
async def create_order(body: OrderIn, unit: Unit) -> OrderOut:
    """Order a service for an elder."""
    order = await service.create(unit, body.person_id, body.item, body.slot_from, body.minutes, body.provider_id)
    return _noted(unit, order)


@router.get("/{order_id}")
@permit("order", "read", "personal")
async def get_order(order_id: str, unit: Unit) -> OrderOut:
    """One order."""
    return _noted(unit, await unit.get(service.Order, order_id))


@router.post("/{order_id}/dispatch")
@permit("order", "dispatch", "personal")
async def dispatch_order(order_id: str, body: DispatchIn, unit: Unit) -> OrderOut:
    """Send a carer."""
    return _noted(unit, await service.step(unit, order_id, "dispatch", carer_id=body.carer_id))


@router.post("/{order_id}/accept")
@permit("order", "serve", "personal")
async def accept_order(order_id: str, unit: Unit) -> OrderOut:
    """The carer takes it."""
    return _noted(unit, await service.step(unit, order_id, "accept"))


@router.post("/{order_id}/decline")
@permit("order", "serve", "personal")
async def decline_order(order_id: str, unit: Unit) -> OrderOut:
    """The carer does not take it: it is open again."""
    return _noted(unit, await service.step(unit, order_id, "decline"))


@router.post("/{order_id}/check-in")
@permit("order", "serve", "personal")
async def check_in_order(order_id: str, unit: Unit) -> OrderOut:
    """The service begins."""
    return _noted(unit, await service.step(unit, order_id, "check_in"))


@router.post("/{order_id}/check-out")
@permit("order", "serve", "personal")
async def check_out_order(order_id: str, unit: Unit) -> OrderOut:
    """The service ends; the elder confirms, or silence does after the time set."""
    return _noted(unit, await service.step(unit, order_id, "check_out"))


@router.post("/{order_id}/confirm")
@permit("order", "confirm", "personal")
async def confirm_order(order_id: str, unit: Unit) -> OrderOut:
    """The elder confirms."""
    return _noted(unit, await service.step(unit, order_id, "confirm"))


@router.post("/{order_id}/cancel")
@permit("order", "cancel", "personal")
async def cancel_order(order_id: str, body: ReasonIn, unit: Unit) -> OrderOut:
    """Call it off before the service begins."""
    return _noted(unit, await service.step(unit, order_id, "cancel", reason=body.reason))


@router.post("/{order_id}/flag")
@permit("order", "review", "personal")
async def flag_order(order_id: str, body: ReasonIn, unit: Unit) -> OrderOut:
    """Something is wrong: unpaid until reviewed."""
    return _noted(unit, await service.step(unit, order_id, "flag", reason=body.reason))


@router.post("/{order_id}/review")
@permit("order", "review", "personal")
async def review_order(order_id: str, body: ReviewIn, unit: Unit) -> OrderOut:
    """An anomaly is cleared or the order void."""
    return _noted(unit, await service.step(unit, order_id, body.outcome, reason=body.reason))


@router.post("/{order_id}/audit")
@permit("order", "review", "personal")
async def audit_order(order_id: str, unit: Unit) -> OrderOut:
    """Looked at; ready for settlement."""
    return _noted(unit, await service.step(unit, order_id, "audit"))


@router.post("/{order_id}/settle")
@permit("order", "settle", "personal")
async def settle_order(order_id: str, unit: Unit) -> OrderOut:
    """Paid to the provider."""
    return _noted(unit, await service.step(unit, order_id, "settle"))


def _noted(unit: Unit, order: service.Order) -> OrderOut:
    unit.note(subjects=[order.person_id], detail={"order": order.id, "state": order.state})
    return OrderOut.model_validate(order)
