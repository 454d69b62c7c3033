"""Audit rows with their seals, and sessions that are no longer accepted (design §9)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows


class AuditRow(KernelBase, table=True):
    """Who did what to whom, when and why; written in the transaction it speaks of, never changed.

    `tx` is the writing transaction: the sealer takes only rows of finished transactions. PIPL, 等保 8.1.4.3.
    """

    __tablename__ = "audit"
    __scopes__: ClassVar[Rows] = Rows(written_by_all=True, appended=True)
    __table_args__: ClassVar[Any] = (
        Index("ix_audit_tx", "tx", "id"),
        Index("ix_audit_subjects", "subjects", postgresql_using="gin"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    tx: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text)::bigint")),
    )
    at: datetime
    account_id: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    session_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text, description="done | refused | failed")
    code: str = Field(sa_type=Text)
    subjects: list[str] = Field(sa_type=ARRAY(Text))
    case_id: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    grade: str = Field(sa_type=Text)
    count: int | None = None
    trace_id: str = Field(sa_type=Text)
    detail: dict[str, Any] = Field(sa_type=JSONB)


class AuditBlock(KernelBase, table=True):
    """A sealed run of audit rows, chained to the block before it."""

    __tablename__ = "audit_block"
    __scopes__: ClassVar[Rows] = Rows(appended=True)

    number: int = Field(sa_type=BigInteger, primary_key=True)
    below_tx: int = Field(sa_type=BigInteger, description="every row with a smaller tx is in this or an earlier block")
    sealed_at: datetime
    content: dict[str, Any] = Field(sa_type=JSONB)
    digest: bytes = Field(sa_type=LargeBinary)


class AuditRoot(KernelBase, table=True):
    """The signed end of one day's chain."""

    __tablename__ = "audit_root"
    __scopes__: ClassVar[Rows] = Rows(appended=True)

    day: date = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JSONB)


class RevokedSession(KernelBase, table=True):
    """A session this service no longer accepts, kept until its tokens would have expired anyway."""

    __tablename__ = "revoked_session"
    __scopes__: ClassVar[Rows] = Rows()

    session_id: str = Field(sa_type=Text, primary_key=True)
    until: datetime
