"""Accounts; their credentials lie apart, where no administrator's rows reach (plan S-06)."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from services.brain.base import Base
from shared.db.tables import AreaCodeText, Rows


class Account(Base, table=True):
    """One account. `area_code` says who manages it; what it may see follows its post."""

    __tablename__ = "account"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", account="id")
    __table_args__: ClassVar[Any] = (
        Index("uq_account_username", "username", unique=True),
        Index("uq_account_person", "person_id", unique=True, postgresql_where="person_id is not null"),
        Index("ix_account_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    username: str = Field(sa_type=Text, description="normalised: trimmed, NFKC, case folded")
    name: bytes = Field(sa_type=LargeBinary, description="sealed")
    person_id: str | None = Field(default=None, sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    is_demo: bool = False
    locked_at: datetime | None = None
    lock_reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime


class Credential(Base, table=True):
    """Password and second factor of an account."""

    __tablename__ = "credential"
    __scopes__: ClassVar[Rows] = Rows()

    account_id: str = Field(sa_type=Text, primary_key=True)
    password_hash: str = Field(sa_type=Text)
    password_set_at: datetime
    totp_secret: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed; null: not enrolled")
    totp_last_step: int = Field(default=-1, sa_type=BigInteger)
    enrol_until: datetime


class SignInFailures(Base, table=True):
    """Failures in a row under one user name, whether or not an account has it: both are answered alike."""

    __tablename__ = "sign_in_failures"
    __scopes__: ClassVar[Rows] = Rows()
    __table_args__: ClassVar[Any] = (Index("ix_sign_in_failures_last_at", "last_at"),)

    username_index: bytes = Field(sa_type=LargeBinary, primary_key=True)
    failures: int
    last_at: datetime
    locked_until: datetime | None = None


class SignInStep(Base, table=True):
    """A sign-in that stopped after the password: a second factor is to be enrolled, or the password renewed."""

    __tablename__ = "sign_in_step"
    __scopes__: ClassVar[Rows] = Rows()
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('enrol', 'renew')", name="kind"),
        Index("ix_sign_in_step_expires_at", "expires_at"),
    )

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    account_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    expires_at: datetime
    used_at: datetime | None = None
    totp_secret: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed; offered, unconfirmed")
