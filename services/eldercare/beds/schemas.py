"""Beds on the wire."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import StringConstraints

from services.eldercare.beds.rules import Figures
from shared.web import Wire
from shared.web.wire import ShortText

Type = Literal["NORMAL", "NURSING", "DEMENTIA", "FAMILY"]
PriceClass = Literal["INCLUSIVE", "MARKET", "SUPPORT"]
Status = Literal["VACANT", "RESERVED", "OCCUPIED", "MAINTENANCE", "RETIRED"]
BedNo = Annotated[str, StringConstraints(pattern="^[0-9A-Z]{1,8}$")]


class BedIn(Wire):
    """A new bed."""

    institution_id: ShortText
    bed_no: BedNo
    type: Type
    price_class: PriceClass = "INCLUSIVE"
    zone: ShortText | None = None


class BedStep(Wire):
    """A change by hand."""

    action: Literal["repair", "reopen", "retire"]


class BedOut(Wire):
    """A bed."""

    id: str
    institution_id: str
    area_code: str
    bed_no: str
    type: Type
    zone: str
    price_class: PriceClass
    status: Status
    turnover_until: datetime | None
    code: str
    version: int


class FiguresOut(Wire):
    """Occupancy and the plan's bed indicators over the caller's rows; shares in percent."""

    beds: int
    nursing: int
    dementia: int
    occupied: int
    reserved: int
    vacant: int
    maintenance: int
    family: int
    occupancy: Decimal | None
    k05: Decimal | None
    k07: Decimal | None
    elders: int
    elders_base: str = "老年人数据库中在世的老年人"

    @classmethod
    def of(cls, figures: Figures, elders: int) -> FiguresOut:
        return cls(
            beds=figures.beds,
            nursing=figures.nursing,
            dementia=figures.dementia,
            occupied=figures.occupied,
            reserved=figures.reserved,
            vacant=figures.vacant,
            maintenance=figures.maintenance,
            family=figures.family,
            occupancy=figures.occupancy,
            k05=figures.nursing_share,
            k07=figures.dementia_per_ten_thousand(elders),
            elders=elders,
        )
