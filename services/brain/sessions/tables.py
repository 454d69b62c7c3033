"""Sessions and their refresh tokens. Access tokens are kept nowhere; a refresh token only as its digest."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Field

from services.brain.base import Base
from shared.db.tables import AreaCodeText, Rows


class Session(Base, table=True):
    """One sign-in. It lives until `ends_at` unless it is ended before. `area_code` is that of the account."""

    __tablename__ = "session"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", account="account_id")
    __table_args__: ClassVar[Any] = (
        Index("ix_session_area", "area_code", "id"),
        Index("ix_session_account", "account_id", postgresql_where="ended_at is null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    account_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    role: str = Field(sa_type=Text)
    post_id: str | None = Field(default=None, sa_type=Text, description="null: signed in as a resident")
    second_factor: bool
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = Field(default=None, sa_type=Text)


class RefreshToken(Base, table=True):
    """A refresh token; used once. Using it again means that two hold it: the session ends."""

    __tablename__ = "refresh_token"
    __scopes__: ClassVar[Rows] = Rows()
    __table_args__: ClassVar[Any] = (
        Index("ix_refresh_token_session", "session_id"),
        Index("ix_refresh_token_expires_at", "expires_at"),
    )

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    session_id: str = Field(sa_type=Text)
    expires_at: datetime
    used_at: datetime | None = None
