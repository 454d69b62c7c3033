"""Fieldwork on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from services.relief.fieldwork import service
from services.relief.fieldwork.service import Coverage, FieldVisit, Form, NewContract, Report
from services.relief.households.schemas import IncomeIn
from shared.china.areas import AreaCode
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.money import MoneyFen
from shared.security.masking import PersonName, PersonNameIn
from shared.web import Wire
from shared.web.wire import LongText, ShortText

Count = Annotated[int, Field(ge=0, le=50)]


class ContractIn(Wire):
    """A contract with a third party."""

    area_code: AreaCode
    org_id: ShortText
    org_name: ShortText
    contract_no: ShortText
    from_on: date
    to_on: date

    def to_contract(self) -> NewContract:
        """As the service takes it."""
        return NewContract(**self.model_dump())


class ContractOut(Wire):
    """As it stands."""

    id: UuidStr
    area_code: str
    org_id: str
    org_name: str
    contract_no: str
    from_on: date
    to_on: date
    state: Literal["ACTIVE", "ENDED"]
    warned_for: date | None
    warning: str
    version: int


class FieldVisitIn(Wire):
    """Whom to send where."""

    contract_id: UuidStr
    household_id: UuidStr


class FormIn(Wire):
    """What a look at a house finds."""

    heads: Annotated[int, Field(ge=1, le=20)]
    monthly_income: IncomeIn
    homes: Count = 0
    vehicles: Count = 0
    finding: LongText

    def to_form(self) -> Form:
        """As the rules take it."""
        return Form(self.heads, self.monthly_income, self.homes, self.vehicles)


class ReportIn(FormIn):
    """What the third party hands in."""

    visited_on: date
    surveyors: Annotated[list[PersonNameIn], Field(min_length=1, max_length=20)]
    is_signed: Annotated[bool, Field(description="家庭已在调查表上签字")]
    latitude: Annotated[float, Field(ge=-90, le=90, description="照片拍摄地点")]
    longitude: Annotated[float, Field(ge=-180, le=180)]

    def to_report(self) -> Report:
        """As the service takes it."""
        return Report(
            self.visited_on,
            self.surveyors,
            self.is_signed,
            self.latitude,
            self.longitude,
            self.to_form(),
            self.finding,
        )


class ResampleIn(FormIn):
    """What the town found at the same house."""

    has_taken_place: Annotated[bool, Field(description="第三方确曾入户")] = True


class FieldVisitOut(Wire):
    """A commissioned visit. Where the photo was taken is not shown."""

    id: UuidStr
    contract_id: str
    org_id: str
    household_id: str
    area_code: str
    state: Literal["ASSIGNED", "SUBMITTED"]
    assigned_at: datetime
    visited_on: date | None
    surveyors: list[PersonName]
    heads: int
    monthly_income: MoneyFen
    homes: int
    vehicles: int
    finding: str
    submitted_at: datetime | None
    version: int

    @classmethod
    def of(cls, unit: UnitOfWork, row: FieldVisit) -> FieldVisitOut:
        return cls.of_row(row, surveyors=service.surveyors_of(unit, row), monthly_income=row.monthly_fen)


class CoverageRow(Wire):
    """A town's."""

    area_code: str
    running: int
    surveyed: int


class CoverageOut(Wire):
    """X-04: of the families in benefit, those whose house was seen in the last twelve months."""

    running: int
    surveyed: int
    share: Annotated[str | None, Field(description="百分比，两位小数，只舍不入", examples=["98.27"])]
    areas: list[CoverageRow]

    @classmethod
    def of(cls, rows: Sequence[Coverage]) -> CoverageOut:
        running, surveyed = sum(row.running for row in rows), sum(row.surveyed for row in rows)
        hundredths = surveyed * 10_000 // running if running else 0
        return cls(
            running=running,
            surveyed=surveyed,
            share=f"{hundredths // 100}.{hundredths % 100:02d}" if running else None,
            areas=[CoverageRow.model_validate(row) for row in rows],
        )


class ResampleOut(Wire):
    """A visit drawn for a second look."""

    id: Annotated[UuidStr, Field(description="即原调查")]
    contract_id: str
    area_code: str
    drawn_for: date
    seed: str
    due_on: date
    done_at: datetime | None
    differences: list[Literal["VISIT", "HEADS", "HOMES", "VEHICLES", "INCOME"]]
    finding: str

    @classmethod
    def of(cls, row: Any) -> ResampleOut:
        return cls.of_row(row)
