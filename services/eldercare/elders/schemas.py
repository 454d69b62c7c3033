"""Elders on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.eldercare.elders import service
from services.eldercare.elders.tables import Elder
from shared.db.unit import UnitOfWork
from shared.security.masking import BirthDate, PersonName, PersonNameIn, PhoneIn
from shared.web import Wire

Living = Literal["ALONE", "COUPLE_ONLY", "WITH_CHILDREN", "WITH_GRANDCHILD", "INSTITUTION", "OTHER"]
ReliefClass = Literal["", "DESTITUTE", "MINIMUM", "MARGINAL"]
Level = Annotated[int, Field(ge=0, le=4)]


class ElderItem(Wire):
    """A row of the list; personal fields masked."""

    person_id: str
    area_code: str
    org_id: str
    name: PersonName
    birth: BirthDate
    sex: int
    living: Living
    is_alive: bool

    @classmethod
    def of(cls, unit: UnitOfWork, elder: Elder) -> ElderItem:
        return cls(
            person_id=elder.person_id,
            area_code=elder.area_code,
            org_id=elder.org_id,
            name=service.name_of(unit, elder),
            birth=elder.birth,
            sex=elder.sex,
            living=elder.living,  # type: ignore[arg-type]
            is_alive=service.is_alive(elder),
        )


class ElderFacts(Wire):
    """What is collected locally; fields left out stay as they are."""

    name: PersonNameIn | None = None
    phone: PhoneIn | None = None
    living: Living | None = None
    ability_level: Level | None = None
    ability_on: date | None = Field(None, description="能力评估日期")
    has_dementia: bool | None = None
    relief_class: ReliefClass | None = None
    is_special_family: bool | None = None
    is_islander_with_medical_need: bool | None = None
