"""Messages to people, and who must not get any."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, SmallInteger, Text
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows


class Notice(KernelBase, table=True):
    """One message to one person. PENDING → SENT | SUPPRESSED; it starts suppressed when a stop stands.

    `leased_until` keeps a message to one worker while it is under way; after a crash it is delivered again under the
    same id, which the other side treats as the same message. The text holds no ID numbers and no sensitive facts.
    """

    __tablename__ = "notice"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("channel in ('IN_APP', 'SMS', 'PAPER')", name="channel"),
        CheckConstraint("state in ('PENDING', 'SENT', 'SUPPRESSED')", name="state"),
        CheckConstraint("(state = 'SENT') = (sent_at is not null)", name="sent_at"),
        Index("ix_notice_due", "next_at", "id", postgresql_where="state = 'PENDING'"),
        Index("ix_notice_person", "person_id", "id"),
        Index("ix_notice_area", "area_code", "id"),
        Index("ix_notice_case", "case_id", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    template: str = Field(sa_type=Text, description="what kind of message, e.g. charity.pairing-ended")
    text: str = Field(sa_type=Text)
    case_id: str = Field(default="", sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    state: str = Field(default="PENDING", sa_type=Text)
    attempts: int = Field(default=0, sa_type=SmallInteger)
    next_at: datetime
    leased_until: datetime | None = None
    created_at: datetime
    sent_at: datetime | None = None


class NoticeStop(KernelBase, table=True):
    """No message to this person while one stop without `lifted_at` stands. Only the system sees who these are."""

    __tablename__ = "notice_stop"
    __scopes__: ClassVar[Rows] = Rows()
    __table_args__: ClassVar[Any] = (Index("ix_notice_stop_cause", "cause"), {"schema": "kernel"})

    person_id: str = Field(sa_type=Text, primary_key=True)
    cause: str = Field(sa_type=Text, primary_key=True, description="id of the case that asks for it")
    stopped_at: datetime
    lifted_at: datetime | None = None
