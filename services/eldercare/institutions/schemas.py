"""Institutions on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from shared.china import credit_code
from shared.china.areas import AreaCode
from shared.china.errors import NumberError
from shared.web import Wire
from shared.web.wire import ShortText

Kind = Literal["PUBLIC", "PRIVATE_NON_PROFIT", "FOR_PROFIT", "HOME_CARE"]
State = Literal["PREPARING", "OPERATING", "SUSPENDED", "CLOSED"]


def _credit_code(value: Any) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("text_required", "应为文本")
    try:
        return credit_code.parse(value).code
    except NumberError as error:
        raise PydanticCustomError(error.code, error.detail) from None


CreditCode = Annotated[str, BeforeValidator(_credit_code)]


class InstitutionIn(Wire):
    """A new institution; `id` is the organisation's id."""

    id: ShortText
    uscc: CreditCode
    name: ShortText
    area_code: AreaCode
    kind: Kind
    state: State = "PREPARING"
    phone: ShortText | None = None
    opened_on: date | None = None


class InstitutionOut(Wire):
    """An institution as published."""

    id: str
    uscc: str
    name: str
    area_code: str
    kind: str
    state: str
    phone: str
    opened_on: date | None
