"""Notices on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from services.relief.benefits.rules import TITLES
from services.relief.publicity import service
from services.relief.publicity.service import Notice, Objection
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.money import MoneyFen
from shared.security.masking import PersonName, Phone
from shared.web import Wire

Result = Literal["", "NO_OBJECTION", "OBJECTED", "WITHDRAWN"]


class PublicNotice(Wire):
    """What everybody may see: a masked name (none for a minor), the size of the family, the amount."""

    id: UuidStr
    title: str
    area_code: str
    place: str
    name: Annotated[str, Field(description="隐去部分；未成年人不公示姓名")]
    family_size: int
    amount: Annotated[MoneyFen | None, Field(description="拟发每月金额；不发放资金的类别为空")]
    from_on: date
    to_on: date

    @classmethod
    def of(cls, notice: Notice) -> Self:
        return cls.of_row(
            notice, title=f"拟纳入{TITLES[notice.kind]}", name=notice.shown_name, amount=notice.amount_fen
        )


class NoticeOut(PublicNotice):
    """What the office sees."""

    text: str
    result: Result
    posted_by: str
    posted_at: datetime
    closed_at: datetime | None


class ObjectionOut(Wire):
    """An objection."""

    id: UuidStr
    notice_id: str
    name: PersonName
    phone: Phone
    text: str
    raised_at: datetime
    answer: str
    answered_at: datetime | None

    @classmethod
    def of(cls, unit: UnitOfWork, row: Objection) -> ObjectionOut:
        return cls.of_row(row, name=service.objector_of(unit, row), phone=service.phone_of(unit, row))
