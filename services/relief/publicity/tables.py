"""Public notices and objections to them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Notice(Base, table=True):
    """What is put up about one family. The name is kept masked, and not at all for a minor: nothing else of hers can
    be shown by it (§1.5)."""

    __tablename__ = "publicity"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("result in ('', 'NO_OBJECTION', 'OBJECTED', 'WITHDRAWN')", name="result"),
        CheckConstraint("to_on >= from_on", name="period"),
        Index("ix_publicity_owner", "owner_id", "id"),
        Index("uq_publicity_running", "owner_id", unique=True, postgresql_where="result = ''"),
        Index("ix_publicity_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    owner_id: str = Field(sa_type=Text, description="the application")
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    place: str = Field(sa_type=Text, description="where it hangs")
    text: str = Field(sa_type=Text)
    shown_name: str = Field(sa_type=Text, description="masked; empty for a minor")
    family_size: int = Field(sa_type=SmallInteger)
    amount_fen: int | None = Field(default=None, sa_type=BigInteger, description="each month")
    from_on: date
    to_on: date = Field(description="last day")
    posted_by: str = Field(sa_type=Text)
    posted_at: datetime
    result: str = Field(default="", sa_type=Text)
    closed_at: datetime | None = None


class Objection(Base, table=True):
    """What somebody says against a notice. Who it was is the office's to know, not the family's."""

    __tablename__ = "objection"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (Index("ix_objection_notice", "notice_id", "id"),)

    id: str = Field(sa_type=Text, primary_key=True)
    notice_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    objector: bytes | None = Field(default=None, sa_type=LargeBinary, description="name, sealed; may be anonymous")
    phone: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    text: str = Field(sa_type=Text)
    raised_at: datetime
    taken_by: str = Field(sa_type=Text)
    answer: str = Field(default="", sa_type=Text)
    answered_at: datetime | None = None
    answered_by: str = Field(default="", sa_type=Text)
