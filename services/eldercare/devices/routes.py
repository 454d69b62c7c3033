"""Devices over HTTP."""

from typing import Annotated

from fastapi import Query

from services.eldercare.devices import service
from services.eldercare.devices.schemas import DeviceIn, DeviceOut, DeviceStep, State
from services.eldercare.filters import Filters
from shared.ids import PersonId
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare/devices", tags=["设备"])


class DeviceQuery(Filters):
    """The declared filters of the list."""

    state: State | None = None
    person_id: PersonId | None = None


@router.get("")
@permit("device", "read", "personal")
async def list_devices(unit: Unit, query: Annotated[DeviceQuery, Query()]) -> Page[DeviceOut]:
    """设备名单；state=TO_RETRIEVE 为待收回设备。"""
    statement = service.listing(state=query.state, person_id=query.person_id)
    page = await paginate(unit, statement, [service.Device.id], query, DeviceOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items], count=len(page.items))
    return page


@router.post("", status_code=201)
@permit("device", "write", "personal")
async def issue_device(body: DeviceIn, unit: Unit) -> DeviceOut:
    """发放设备。"""
    device = await service.issue(unit, body.person_id, body.kind, body.serial_no)
    unit.note(subjects=[device.person_id])
    return DeviceOut.model_validate(device)


@router.post("/{device_id}/steps")
@permit("device", "write", "personal")
async def step_device(device_id: str, body: DeviceStep, unit: Unit) -> DeviceOut:
    """通知收回、收回或登记遗失。"""
    device = await service.step(unit, device_id, body.action)
    unit.note(subjects=[device.person_id], detail={"device": device.id, "state": device.state})
    return DeviceOut.model_validate(device)
