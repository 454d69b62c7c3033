"""Scans on the wire."""

from __future__ import annotations

from datetime import date, datetime

from services.eldercare.elders import service as elders
from services.eldercare.scans.service import Seen
from shared.db.unit import UnitOfWork
from shared.security.masking import PersonName
from shared.web import Wire


class InstitutionShown(Wire):
    """What everybody may see."""

    name: str
    complaint_phone: str


class CareShown(Wire):
    """The care plan, for family and carers."""

    name: PersonName
    care_level: str
    state: str
    checked_in_on: date | None
    ability_level: int | None
    has_dementia: bool


class ContractShown(Wire):
    """For inspectors."""

    contract_no: str
    subsidies: list[str]


class ScanOut(Wire):
    """A scan; names are masked, and parts a view does not show are null."""

    view: str
    bed_no: str
    type: str
    institution: InstitutionShown
    status: str | None = None
    care: CareShown | None = None
    contract: ContractShown | None = None

    @classmethod
    def of(cls, unit: UnitOfWork, seen: Seen) -> ScanOut:
        care = contract = None
        if seen.stay is not None and seen.elder is not None:
            care = CareShown(
                name=elders.name_of(unit, seen.elder),
                care_level=seen.stay.care_level,
                state=seen.stay.state,
                checked_in_on=seen.stay.checked_in_on,
                ability_level=seen.elder.ability_level,
                has_dementia=seen.elder.has_dementia,
            )
            if seen.view == "INSPECTOR":
                running = [f"{one.scheme}:{one.state}" for one in seen.subsidies or []]
                contract = ContractShown(contract_no=seen.stay.contract_no, subsidies=running)
        return cls(
            view=seen.view,
            bed_no=seen.bed.bed_no,
            type=seen.bed.type,
            institution=InstitutionShown(name=seen.institution.name, complaint_phone=seen.institution.phone),
            status=seen.bed.status if seen.view in ("CARER", "INSPECTOR") else None,
            care=care,
            contract=contract,
        )


class ScanLogged(Wire):
    """A line of the log."""

    id: str
    account_id: str
    role: str
    view: str
    scanned_at: datetime
