"""The states of a home-care order (state machine 13) and what a death does to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from shared.db.problems import Conflict


class OrderInWrongState(Conflict):
    code = "order_state"
    detail = "订单当前状态不允许此操作"


FINAL = ("SETTLED", "CANCELLED", "VOID")
BEFORE_SERVICE = ("CREATED", "DISPATCHED", "ACCEPTED")

STEPS: Mapping[tuple[str, str], str] = {
    ("dispatch", "CREATED"): "DISPATCHED",
    ("accept", "DISPATCHED"): "ACCEPTED",
    ("decline", "DISPATCHED"): "CREATED",
    ("check_in", "ACCEPTED"): "CHECKED_IN",
    ("check_out", "CHECKED_IN"): "CHECKED_OUT",
    ("flag", "CHECKED_OUT"): "ANOMALY",
    ("confirm", "CHECKED_OUT"): "CONFIRMED",
    ("clear", "ANOMALY"): "CONFIRMED",
    ("void", "ANOMALY"): "VOID",
    ("audit", "CONFIRMED"): "AUDITED",
    ("settle", "AUDITED"): "SETTLED",
    ("cancel", "CREATED"): "CANCELLED",
    ("cancel", "DISPATCHED"): "CANCELLED",
    ("cancel", "ACCEPTED"): "CANCELLED",
}


def stepped(state: str, action: str) -> str:
    """The state after an action; OrderInWrongState when it is not allowed now."""
    try:
        return STEPS[action, state]
    except KeyError:
        raise OrderInWrongState from None


class Fate(StrEnum):
    """What becomes of an order when its elder has died."""

    KEEP = "KEEP"
    CANCEL = "CANCEL"
    VOID = "VOID"
    PAID_ALREADY = "PAID_ALREADY"


def fate(state: str, slot_from: datetime, slot_day: date, *, death_date: date, now: datetime) -> Fate:
    """Future orders are cancelled, ones dated after the day of death are void (domain §10, 3). On the day of death
    itself a service may have been given: those orders keep their way."""
    if state in ("CANCELLED", "VOID"):
        return Fate.KEEP
    if state in BEFORE_SERVICE and slot_from > now:
        return Fate.CANCEL
    if slot_day > death_date:
        return Fate.PAID_ALREADY if state == "SETTLED" else Fate.VOID
    return Fate.KEEP
