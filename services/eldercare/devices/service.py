"""Issuing and getting back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, update
from sqlmodel import col

from services.eldercare.devices.rules import SerialIssued, stepped
from services.eldercare.devices.tables import Device
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from shared import effects
from shared.db.database import on_constraint
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["Device", "NewDevice"]

on_constraint("uq_device_issued", SerialIssued)


@dataclass(frozen=True, slots=True)
class NewDevice:
    """An issued device as the bulk entry takes it."""

    person_id: str
    area_code: str
    serial_no: str
    issued_on: date
    kind: str = "ONE_KEY_PHONE"
    id: str = ""


async def add_many(unit: UnitOfWork, devices: Sequence[NewDevice]) -> list[str]:
    """Enter issued devices in one statement; the ids in order."""
    rows = [
        {
            "id": device.id or uuid7(),
            "person_id": device.person_id,
            "area_code": device.area_code,
            "serial_no": device.serial_no,
            "kind": device.kind,
            "state": "ISSUED",
            "issued_on": device.issued_on,
            "version": 1,
        }
        for device in devices
    ]
    if rows:
        await unit.enter(Device, rows)
    return [str(row["id"]) for row in rows]


async def issue(unit: UnitOfWork, person_id: str, kind: str, serial_no: str) -> Device:
    """Lend a device to a living elder. Raises ElderDeceased, SerialIssued."""
    elder = await elders.living(unit, person_id)
    [device_id] = await add_many(unit, [NewDevice(person_id, elder.area_code, serial_no, unit.today, kind)])
    return await unit.get(Device, device_id)


async def step(unit: UnitOfWork, device_id: str, action: str) -> Device:
    """recall, retrieve, lose. Raises DeviceInWrongState."""
    device = await unit.get(Device, device_id, lock=True)
    unit.expect_version(device.version)
    device.state = stepped(device.state, action)
    device.version += 1
    if device.state == "RETRIEVED":
        device.returned_on = unit.today
    await unit.flush()
    return device


def listing(*, state: str | None = None, person_id: str | None = None) -> Select[Any]:
    """Devices of the caller's rows."""
    statement = select(Device)
    if state is not None:
        statement = statement.where(col(Device.state) == state)
    if person_id is not None:
        statement = statement.where(col(Device.person_id) == person_id)
    return statement


async def of_person(unit: UnitOfWork, person_id: str) -> list[Device]:
    """Her devices, at most 50."""
    return await unit.all(listing(person_id=person_id).order_by(col(Device.id)).limit(50))


async def recall_for_death(unit: UnitOfWork, elder: Elder, case_id: str) -> list[str]:
    """Everything a dead elder has is to be fetched, reversibly; the device ids."""
    hers = (col(Device.person_id) == elder.person_id) & (col(Device.state) == "ISSUED")
    ids = await unit.all(select(col(Device.id)).where(hers))
    for device in await unit.lock(Device, ids):
        if device.state == "ISSUED":
            await effects.change(
                unit,
                device,
                "state",
                "TO_RETRIEVE",
                cause=case_id,
                person_id=elder.person_id,
                area_code=device.area_code,
            )
    return sorted(ids)


async def follow(unit: UnitOfWork, person_id: str, area_code: str) -> None:
    """The elder moved."""
    table = table_of(Device)
    await unit.execute(update(table).where(table.c.person_id == person_id).values(area_code=area_code))
