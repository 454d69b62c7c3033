"""Home-care orders."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class Order(Base, table=True):
    """One service in one slot, `slot_from` ≤ time < `slot_to`."""

    __tablename__ = "home_order"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="provider_id", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "state in ('CREATED', 'DISPATCHED', 'ACCEPTED', 'CHECKED_IN', 'CHECKED_OUT', 'ANOMALY', 'CONFIRMED',"
            " 'AUDITED', 'SETTLED', 'CANCELLED', 'VOID')",
            name="state",
        ),
        CheckConstraint("slot_from < slot_to", name="slot"),
        Index("ix_home_order_area", "area_code", "slot_from", "id"),
        Index("ix_home_order_org", "provider_id", "slot_from", "id"),
        Index("ix_home_order_person", "person_id", "slot_from", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    provider_id: str = Field(default="", sa_type=Text, description="organisation that serves")
    carer_id: str = Field(default="", sa_type=Text, description="account of the carer")
    item: str = Field(sa_type=Text)
    minutes: int = Field(sa_type=SmallInteger, description="standard minutes of the item")
    slot_from: datetime
    slot_to: datetime
    state: str = Field(default="CREATED", sa_type=Text)
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    reason: str = Field(default="", sa_type=Text, description="why cancelled, anomalous or void")
    version: int = 1
