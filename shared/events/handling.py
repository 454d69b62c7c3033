"""The subscriber table of a service: which handler runs for which event. It also makes the broker's bindings."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope, Event

Handler = Callable[[UnitOfWork, Any, Envelope], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """`payload` is the contract class, or `dict` for handlers that take any event as it is.

    `order_free` handlers are not held up by a failed predecessor of the same subject.
    """

    event_type: str
    handler: Handler
    payload: type[Any]
    order_free: bool = False

    @property
    def is_internal(self) -> bool:
        """Timers, schedules and answers of outside calls enter through the inbox but never through a broker."""
        return ":" in self.event_type


def on(event: type[Event], handler: Handler, *, order_free: bool = False) -> Subscription:
    """Run `handler(unit, event, envelope)` when such an event arrives."""
    return Subscription(event.event_type(), handler, event, order_free)


def on_every(types: Sequence[str], handler: Handler) -> list[Subscription]:
    """Run `handler(unit, data, envelope)` for each of these types, the payload unparsed."""
    return [Subscription(event_type, handler, dict, order_free=False) for event_type in types]


def on_timer(kind: str, handler: Handler) -> Subscription:
    """Run `handler(unit, timer, envelope)` when a timer of this kind is due."""
    from shared.events.timers import Timer

    return Subscription(f"timer:{kind}", handler, Timer, order_free=True)


class Handlers:
    """All subscriptions of one service, by type; several rooms may react to one event, in table order."""

    def __init__(self, subscriptions: Sequence[Subscription]) -> None:
        self._by_type: dict[str, list[Subscription]] = {}
        for subscription in subscriptions:
            self._by_type.setdefault(subscription.event_type, []).append(subscription)

    @property
    def types(self) -> frozenset[str]:
        """What the transport has to bring."""
        return frozenset(t for t, handlers in self._by_type.items() if not handlers[0].is_internal)

    def order_free(self, event_type: str) -> bool:
        """True when every handler of the type declared itself order-free."""
        handlers = self._by_type.get(event_type, [])
        return bool(handlers) and all(handler.order_free for handler in handlers)

    async def run(self, unit: UnitOfWork, envelope: Envelope) -> None:
        """Run every handler of the event in this unit."""
        for subscription in self._by_type.get(envelope.type, []):
            payload: Any = envelope.data
            if subscription.payload is not dict:
                payload = subscription.payload.model_validate(envelope.data)
            await subscription.handler(unit, payload, envelope)
