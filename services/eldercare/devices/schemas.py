"""Devices on the wire."""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.ids import PersonId
from shared.web import Wire
from shared.web.wire import ShortText

Kind = Literal["ONE_KEY_PHONE", "WATCH", "WALL_BUTTON"]
State = Literal["ISSUED", "TO_RETRIEVE", "RETRIEVED", "LOST"]


class DeviceIn(Wire):
    """A device to be lent."""

    person_id: PersonId
    kind: Kind
    serial_no: ShortText


class DeviceStep(Wire):
    """What happens to it."""

    action: Literal["recall", "retrieve", "lose"]


class DeviceOut(Wire):
    """A device."""

    id: str
    serial_no: str
    kind: Kind
    person_id: str
    area_code: str
    state: State
    issued_on: date
    returned_on: date | None
    version: int
