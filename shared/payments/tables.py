"""Entitlements, what they are worth, batches, lines, recoveries.

A change of an entitlement's facts or of a line's state holds the entitlement's row lock first, smallest id first;
a run only inserts lines and locks the entitlements it looks back on.
"""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows

_LIVE = "state in ('PENDING', 'SENT', 'UNKNOWN', 'PAID')"
_OPEN = "state in ('PROPOSED', 'CONFIRMED')"
_ALL = Rows(area="area_code", org="org_id", person="person_id")


class PayeeAccount(KernelBase, table=True):
    """A bank account money goes to. Never changed: another card is another row, so old files can be written again."""

    __tablename__ = "payee_account"
    __scopes__: ClassVar[Rows] = _ALL
    __table_args__: ClassVar[Any] = (Index("ix_payee_account_person", "person_id"), {"schema": "kernel"})

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text, description="whose account; empty for an organisation's")
    org_id: str = Field(default="", sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    holder: bytes = Field(sa_type=LargeBinary, description="sealed name of the holder")
    card: bytes = Field(sa_type=LargeBinary, description="sealed number")
    last_digits: str = Field(sa_type=Text)
    opened_at: datetime
    closed_at: datetime | None = None


class Entitlement(KernelBase, table=True):
    """A person's right to a scheme's money from a month on. Ends that may be withdrawn are effects, not columns."""

    __tablename__ = "entitlement"
    __scopes__: ClassVar[Rows] = _ALL
    __table_args__: ClassVar[Any] = (
        CheckConstraint("extract(day from from_month) = 1 and extract(day from to_month) = 1", name="months"),
        CheckConstraint("to_month >= from_month", name="term"),
        Index("ix_entitlement_scheme", "scheme", "id"),
        Index("ix_entitlement_person", "person_id", "id"),
        Index("ix_entitlement_area", "area_code", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    scheme: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    household_id: str = Field(default="", sa_type=Text)
    org_id: str = Field(default="", sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    account_id: str | None = Field(default=None, sa_type=Text)
    from_month: date
    to_month: date | None = Field(default=None, description="last month of the term, where it was granted for one")
    decision_id: str = Field(default="", sa_type=Text)
    reconsider_from: date | None = Field(default=None, description="the next run looks at the months from here again")
    created_at: datetime


class EntitlementAmount(KernelBase, table=True):
    """So much a month from a month on, until the next. With a `cause` it counts only while that effect lives."""

    __tablename__ = "entitlement_amount"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", person="person_id", appended=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("amount_fen >= 0", name="amount"),
        CheckConstraint("extract(day from from_month) = 1", name="month"),
        Index("ix_entitlement_amount_current", "entitlement_id", "from_month", "seq"),
        {"schema": "kernel"},
    )

    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    entitlement_id: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    org_id: str = Field(default="", sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    from_month: date
    amount_fen: int = Field(sa_type=BigInteger)
    decision_id: str = Field(default="", sa_type=Text)
    cause: str = Field(default="", sa_type=Text)
    recorded_at: datetime


class PaymentBatch(KernelBase, table=True):
    """One scheme's payments of one month in one area (state machine 42)."""

    __tablename__ = "payment_batch"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('DRAFT', 'CHECKED', 'APPROVED', 'SENT', 'RECONCILED')", name="state"),
        CheckConstraint("extract(day from month) = 1", name="month"),
        # Runs of a scheme stand in one line behind the one draft.
        Index("uq_payment_batch_draft", "scheme", "area_code", unique=True, postgresql_where="state = 'DRAFT'"),
        Index("ix_payment_batch_month", "scheme", "month"),
        Index("ix_payment_batch_area", "area_code", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    scheme: str = Field(sa_type=Text)
    month: date
    area_code: str = Field(sa_type=AreaCodeText)
    state: str = Field(default="DRAFT", sa_type=Text)
    filled_to: str = Field(default="", sa_type=Text, description="last entitlement of the finished key ranges")
    filled_at: datetime | None = None
    made_by: str = Field(sa_type=Text)
    made_at: datetime
    checked_by: str = Field(default="", sa_type=Text)
    checked_at: datetime | None = None
    approved_by: str = Field(default="", sa_type=Text)
    approved_at: datetime | None = None
    sent_by: str = Field(default="", sa_type=Text)
    sent_at: datetime | None = None
    reconciled_at: datetime | None = None
    line_count: int = Field(default=0, description="pending lines when last counted; sent lines once sent")
    total_fen: int = Field(default=0, sa_type=BigInteger)
    file_digest: str = Field(default="", sa_type=Text, description="SM3 of the bank file as sent")


class PaymentLine(KernelBase, table=True):
    """Money for one month of one entitlement. `part` 0 is the month's first payment, later ones add to it.

    At most one live line per (entitlement, month, part): the net under the runs. Repayments are lines below zero,
    so what was paid for a month is the plain sum of its live lines.
    """

    __tablename__ = "payment_line"
    __scopes__: ClassVar[Rows] = _ALL
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "state in ('PENDING', 'SENT', 'PAID', 'RETURNED', 'UNKNOWN', 'REISSUED', 'CANCELLED', 'EXCLUDED')",
            name="state",
        ),
        CheckConstraint("purpose in ('regular', 'arrears', 'repayment')", name="purpose"),
        CheckConstraint(
            "amount_fen <> 0 and (amount_fen < 0) = (purpose = 'repayment')"
            " and (batch_id is null) = (purpose = 'repayment')",
            name="amount",
        ),
        Index("uq_payment_line_live", "entitlement_id", "month", "part", unique=True, postgresql_where=_LIVE),
        Index("ix_payment_line_batch", "batch_id", "id"),
        Index("ix_payment_line_person", "person_id", "month"),
        Index("ix_payment_line_returned", "entitlement_id", postgresql_where="state = 'RETURNED'"),
        {"schema": "kernel"},
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    batch_id: str | None = Field(default=None, sa_type=Text)
    entitlement_id: str = Field(sa_type=Text)
    scheme: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    org_id: str = Field(default="", sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    account_id: str | None = Field(default=None, sa_type=Text)
    month: date
    part: int = Field(sa_type=SmallInteger)
    purpose: str = Field(sa_type=Text)
    amount_fen: int = Field(sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    decision_id: str = Field(default="", sa_type=Text)
    reason_code: str = Field(default="", sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    stop_requested_at: datetime | None = Field(default=None, description="the bank is asked not to pay it")
    recovery_id: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    changed_at: datetime


class Recovery(KernelBase, table=True):
    """Overpaid money of one month to be got back: at most one open per (entitlement, month)."""

    __tablename__ = "recovery"
    __scopes__: ClassVar[Rows] = _ALL
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('PROPOSED', 'CONFIRMED', 'RECOVERED', 'WRITTEN_OFF', 'CANCELLED')", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("uq_recovery_open", "entitlement_id", "month", unique=True, postgresql_where=_OPEN),
        Index("ix_recovery_month", "entitlement_id", "month"),
        Index("ix_recovery_person", "person_id", "id"),
        Index("ix_recovery_area", "area_code", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    entitlement_id: str = Field(sa_type=Text)
    scheme: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    org_id: str = Field(default="", sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    month: date
    amount_fen: int = Field(sa_type=BigInteger, description="open amount; of a closed one the last that was open")
    state: str = Field(sa_type=Text)
    cause: str = Field(default="", sa_type=Text, description="id of the case or decision it follows from")
    created_at: datetime
    changed_at: datetime
    decided_by: str = Field(default="", sa_type=Text)
