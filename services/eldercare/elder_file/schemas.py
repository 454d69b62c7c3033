"""The file on the wire."""

from __future__ import annotations

from datetime import date

from services.eldercare.devices.schemas import DeviceOut
from services.eldercare.elders.schemas import ElderItem
from services.eldercare.orders.schemas import OrderOut
from services.eldercare.stays.schemas import StayOut
from services.eldercare.subsidies.schemas import SubsidyOut
from services.eldercare.waiting.schemas import WaitingOut
from shared.security.masking import Phone
from shared.web import Wire


class RelativeOut(Wire):
    """A close relative."""

    person_id: str
    kind: str


class ElderFileOut(ElderItem):
    """Identity, living arrangement, ability, subsidies, stays, services, devices, relatives."""

    phone: Phone
    ability_level: int | None
    ability_on: date | None
    has_dementia: bool
    relief_class: str
    is_special_family: bool
    is_islander_with_medical_need: bool
    life_status: str
    death_case_id: str | None
    death_date: date | None
    subsidies: list[SubsidyOut]
    stays: list[StayOut]
    devices: list[DeviceOut]
    orders: list[OrderOut]
    waiting: WaitingOut | None
    relatives: list[RelativeOut]
