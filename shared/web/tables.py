"""Answers kept under an idempotency key for 24 hours (design §10)."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field

from shared.db.tables import KernelBase, Rows


class IdempotentAnswer(KernelBase, table=True):
    """What was answered to a keyed request; the body is encrypted, it may hold personal data."""

    __tablename__ = "idempotent_answer"
    __scopes__: ClassVar[Rows] = Rows(account="account_id")
    __table_args__: ClassVar[Any] = (
        Index("ix_idempotent_answer_created_at", "created_at"),
        {"schema": "kernel"},
    )

    account_id: str = Field(sa_type=Text, primary_key=True)
    key: str = Field(sa_type=Text, primary_key=True)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    status: int = Field(sa_type=SmallInteger)
    content_type: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime
