"""What charity publishes: points (event 43) and pairings."""

from typing import Literal

from shared.events.contract import Event


class PointsEarned(Event, type="charity.points.earned.v1"):
    """Points were credited for verified hours or a gift."""

    entry_id: str
    person_id: str
    points: int
    source: Literal["VOLUNTEER", "DONATION"]


class PointsRedeemed(Event, type="charity.points.redeemed.v1"):
    """Points were spent on goods, a service, a ticket or a charity project."""

    entry_id: str
    person_id: str
    points: int
    use: Literal["GOODS", "SERVICE", "TICKET", "PROJECT"]


class PointsReversed(Event, type="charity.points.reversed.v1"):
    """An earning or a redemption was taken back; `points` is what it changed, negative for an earning."""

    entry_id: str
    person_id: str
    points: int
    reverses: str


class PairingStarted(Event, type="charity.pairing.started.v1"):
    """A pairing runs (again). One event for each person in it."""

    pairing_id: str
    person_id: str
    side: Literal["DONOR", "BENEFICIARY"]
    kind: str


class PairingEnded(Event, type="charity.pairing.ended.v1"):
    """A pairing runs no longer. One event for each person in it; the reason is a code, e.g. DEATH, FINISHED."""

    pairing_id: str
    person_id: str
    side: Literal["DONOR", "BENEFICIARY"]
    kind: str
    reason: str
