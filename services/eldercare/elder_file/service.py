"""Composing the file."""

from __future__ import annotations

from services.eldercare.devices import service as devices
from services.eldercare.devices.schemas import DeviceOut
from services.eldercare.elder_file.schemas import ElderFileOut, RelativeOut
from services.eldercare.elders import service as elders
from services.eldercare.elders.schemas import ElderItem
from services.eldercare.elders.service import Elder
from services.eldercare.orders import service as orders
from services.eldercare.orders.schemas import OrderOut
from services.eldercare.stays import service as stays
from services.eldercare.stays.schemas import StayOut
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.schemas import SubsidyOut
from services.eldercare.waiting import service as waiting
from services.eldercare.waiting.schemas import WaitingOut
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork


async def compose(unit: UnitOfWork, person_id: str) -> ElderFileOut:
    """The file of one elder, each part as far as the caller's rows go. Raises NotFound.

    An institution does not see what is between its resident and the state: subsidies, devices, relatives.
    """
    elder = await unit.get(Elder, person_id)
    is_institution = unit.principal.scope is Scope.ORG
    granted = [] if is_institution else await subsidies.of_person(unit, person_id)
    lent = [] if is_institution else await devices.of_person(unit, person_id)
    kin = [] if is_institution else await elders.relatives_of(unit, person_id)
    last = await subsidies.last_months(unit, granted)
    place = await waiting.of_person(unit, person_id)
    return ElderFileOut(
        **dict(ElderItem.of(unit, elder)),
        phone=elders.phone_of(unit, elder),
        ability_level=elder.ability_level,
        ability_on=elder.ability_on,
        has_dementia=elder.has_dementia,
        relief_class=elder.relief_class,
        is_special_family=elder.is_special_family,
        is_islander_with_medical_need=elder.is_islander_with_medical_need,
        life_status="ALIVE" if elders.is_alive(elder) else "DECEASED",
        death_case_id=elder.death_case_id,
        death_date=elder.death_date,
        subsidies=[SubsidyOut.of(row, last.get(row.id), unit.today) for row in granted],
        stays=[StayOut.model_validate(row) for row in await stays.of_person(unit, person_id)],
        devices=[DeviceOut.model_validate(row) for row in lent],
        orders=[OrderOut.model_validate(row) for row in await orders.of_person(unit, person_id)],
        waiting=WaitingOut.model_validate(place) if place else None,
        relatives=[RelativeOut(person_id=row.relative_id, kind=row.kind) for row in kin],
    )
