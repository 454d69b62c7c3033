"""Institutions: entry and look-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.eldercare.institutions.tables import Institution
from shared.china import credit_code
from shared.china.errors import NumberError
from shared.db.problems import Conflict, Invalid
from shared.db.unit import UnitOfWork

__all__ = ["Institution", "NewInstitution"]


class InstitutionKnown(Conflict):
    code = "institution_known"
    detail = "该机构已登记"


@dataclass(frozen=True, slots=True)
class NewInstitution:
    """An institution as the bulk entry takes it. `id` is the organisation's id elsewhere."""

    id: str
    uscc: str
    name: str
    area_code: str
    kind: str = "PUBLIC"
    state: str = "OPERATING"
    phone: str = ""
    opened_on: date | None = None


async def add_many(unit: UnitOfWork, institutions: Sequence[NewInstitution]) -> None:
    """Enter institutions. Raises Invalid for a wrong credit code."""
    for one in institutions:
        try:
            credit_code.parse(one.uscc)
        except NumberError as error:
            raise Invalid(error.code, error.detail, field="uscc") from error
    if institutions:
        await unit.enter(Institution, [asdict(one) for one in institutions])


async def add(unit: UnitOfWork, new: NewInstitution) -> Institution:
    """Enter one. Raises InstitutionKnown."""
    if await unit.first(select(col(Institution.id)).where(col(Institution.uscc) == new.uscc)):
        raise InstitutionKnown(field="uscc")
    await add_many(unit, [new])
    return await unit.get(Institution, new.id)


def listing(state: str | None = None) -> Select[Any]:
    """Institutions of the caller's rows."""
    statement = select(Institution)
    return statement if state is None else statement.where(col(Institution.state) == state)
