"""Delegations on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from services.relief.benefits.schemas import Kind
from shared.china.areas import AreaCode
from shared.ids import UuidStr
from shared.web import Wire
from shared.web.wire import LongText

DelegationState = Literal["ACTIVE", "SUSPENDED", "ENDED"]


class DelegationIn(Wire):
    """A kind a town shall decide."""

    area_code: AreaCode
    kind: Kind
    from_on: date
    reason: LongText


class DelegationStep(Wire):
    """A change of it."""

    action: Literal["suspend", "resume", "end"]
    reason: LongText


class DelegationOut(Wire):
    """As it stands."""

    id: UuidStr
    area_code: str
    kind: Kind
    state: DelegationState
    from_on: date
    reason: str
    warned_for: date | None
    changed_by: str
    changed_at: datetime
    version: int
