"""Outbox, inbox and timers: the kernel tables events live in until their effect is done (design §5)."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from shared.db.tables import KernelBase, Rows

PARTITIONS = 16
"""Order is kept per producer and subject; this many partitions work side by side."""


class OutboxRow(KernelBase, table=True):
    """An event of this service, sent when `sent_at` is set. `envelope` is the CloudEvents JSON as sent."""

    __tablename__ = "outbox"
    __scopes__: ClassVar[Rows] = Rows(written_by_all=True)
    __table_args__: ClassVar[Any] = (
        Index("ix_outbox_unsent", "seq", postgresql_where="sent_at is null"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    type: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    envelope: str = Field(sa_type=Text)
    created_at: datetime
    sent_at: datetime | None = None


class InboxRow(KernelBase, table=True):
    """An event to be worked off here. `state`: pending → done, or parked for a human."""

    __tablename__ = "inbox"
    __scopes__: ClassVar[Rows] = Rows()
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('pending', 'done', 'parked')", name="state"),
        Index("ix_inbox_pending", "partition", "seq", postgresql_where="state = 'pending'"),
        Index("ix_inbox_parked", "seq", postgresql_where="state = 'parked'"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    partition: int = Field(sa_type=SmallInteger)
    stream: str = Field(sa_type=Text, description="producer and subject: the unit of order")
    type: str = Field(sa_type=Text)
    envelope: str = Field(sa_type=Text)
    state: str = Field(default="pending", sa_type=Text)
    attempts: int = Field(default=0, sa_type=SmallInteger)
    error: str | None = Field(default=None, sa_type=Text)
    received_at: datetime
    done_at: datetime | None = None


class BlockedStream(KernelBase, table=True):
    """A stream whose head failed: nothing behind it runs until the head is done (or replayed)."""

    __tablename__ = "blocked_stream"
    __scopes__: ClassVar[Rows] = Rows()

    stream: str = Field(sa_type=Text, primary_key=True)
    event_id: str = Field(sa_type=Text)
    next_at: datetime | None = Field(default=None, description="when the head is tried again; null when parked")


class TimerRow(KernelBase, table=True):
    """A due moment. It fires once, through the inbox, and survives restarts."""

    __tablename__ = "timer"
    __scopes__: ClassVar[Rows] = Rows(written_by_all=True)
    __table_args__: ClassVar[Any] = (
        Index("ix_timer_due", "due_at", postgresql_where="fired_at is null"),
        {"schema": "kernel"},
    )

    id: str = Field(
        sa_type=Text, primary_key=True, description="kind and key: setting the same timer twice is one timer"
    )
    kind: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text)
    due_at: datetime
    payload: dict[str, Any] = Field(sa_type=JSONB)
    fired_at: datetime | None = None


class ScheduleRow(KernelBase, table=True):
    """How far a schedule has been worked off."""

    __tablename__ = "schedule"
    __scopes__: ClassVar[Rows] = Rows()

    name: str = Field(sa_type=Text, primary_key=True)
    last_due_at: datetime
