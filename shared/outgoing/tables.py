"""Calls to the outside and how they stand."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows


class OutgoingCall(KernelBase, table=True):
    """One call. PENDING → DONE | REFUSED | MANUAL (→ PENDING by hand) | CANCELLED.

    `leased_until` keeps a call to one worker while it is under way without holding a transaction; after a crash the
    call is made again under the same id, which the other side treats as the same call. Payload and answer are sealed:
    they may hold an ID number, or what somebody owns.
    """

    __tablename__ = "outgoing_call"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('PENDING', 'DONE', 'REFUSED', 'MANUAL', 'CANCELLED')", name="state"),
        Index("ix_outgoing_call_due", "next_at", postgresql_where="state = 'PENDING'"),
        Index("ix_outgoing_call_key", "key"),
        Index("ix_outgoing_call_area", "area_code", "id", postgresql_where="state = 'MANUAL'"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    purpose: str = Field(sa_type=Text, description="who is told the outcome: the inbox type is call:<purpose>")
    key: str = Field(sa_type=Text, description="what it is about, e.g. <case>/<task>: the unit of order")
    department: str = Field(sa_type=Text)
    operation: str = Field(sa_type=Text)
    payload: bytes = Field(sa_type=LargeBinary)
    area_code: str = Field(sa_type=AreaCodeText)
    state: str = Field(default="PENDING", sa_type=Text)
    attempts: int = Field(default=0, sa_type=SmallInteger)
    next_at: datetime
    leased_until: datetime | None = None
    answer: dict[str, Any] | None = Field(default=None, sa_type=JSONB, description="{sealed: hexadecimal}")
    reason: str = Field(default="", sa_type=Text)
    created_at: datetime
    done_at: datetime | None = None
