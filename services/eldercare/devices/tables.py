"""Devices."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class Device(Base, table=True):
    """A device issued to an elder. TO_RETRIEVE: somebody has to fetch it."""

    __tablename__ = "device"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('ONE_KEY_PHONE', 'WATCH', 'WALL_BUTTON')", name="kind"),
        CheckConstraint("state in ('ISSUED', 'TO_RETRIEVE', 'RETRIEVED', 'LOST')", name="state"),
        # A device is with one elder at a time; once back it can be issued again as a new row.
        Index("uq_device_issued", "serial_no", unique=True, postgresql_where="state in ('ISSUED', 'TO_RETRIEVE')"),
        Index("ix_device_area", "area_code", "id"),
        Index("ix_device_person", "person_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    serial_no: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    state: str = Field(default="ISSUED", sa_type=Text)
    issued_on: date
    returned_on: date | None = None
    version: int = 1
