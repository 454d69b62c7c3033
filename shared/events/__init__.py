"""Events: nothing lost, nothing twice, in order per producer and subject (design §5)."""

from shared.events.contract import Envelope, Event
from shared.events.handling import Handlers, Subscription, on, on_timer
from shared.events.schedules import Schedule
from shared.events.timers import Timer, set_timer
from shared.events.transport import Transport

__all__ = [
    "Envelope",
    "Event",
    "Handlers",
    "Schedule",
    "Subscription",
    "Timer",
    "Transport",
    "on",
    "on_timer",
    "set_timer",
]
