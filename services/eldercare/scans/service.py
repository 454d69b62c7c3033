"""Looking a code up."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlmodel import col

from services.eldercare.beds import service as beds
from services.eldercare.beds.rules import CODE
from services.eldercare.beds.service import Bed
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Elder
from services.eldercare.institutions.service import Institution
from services.eldercare.scans.rules import view_of
from services.eldercare.scans.tables import BedScan
from services.eldercare.stays import service as stays
from services.eldercare.stays.service import Stay
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.service import Subsidy
from shared.db.principals import Role, Scope
from shared.db.problems import NotFound
from shared.db.unit import UnitOfWork
from shared.ids import uuid7

__all__ = ["BedScan"]


@dataclass(slots=True)
class Seen:
    """What a scan found; parts a view does not show are None or empty."""

    view: str
    bed: Bed
    institution: Institution
    stay: Stay | None = None
    elder: Elder | None = None
    subsidies: list[Subsidy] | None = None


async def scan(unit: UnitOfWork, code: str) -> Seen:
    """The bed behind a code, as far as the caller may see it; the scan is logged.

    Anyone may scan any code, so bed and occupant are looked up beyond the caller's rows, under a name; the view
    decides what leaves. Raises NotFound for a code that stands on no bed.
    """
    if CODE.fullmatch(code) is None:
        raise NotFound
    works_here = unit.principal.scope in (Scope.AREA, Scope.ORG)
    is_theirs = works_here and await beds.by_code(unit, code) is not None
    async with unit.elevated("scans: bed by code"):
        bed = await beds.by_code(unit, code)
        if bed is None:
            raise NotFound
        seen = Seen("PUBLIC", bed, await beds.institution_of(unit, bed))
        stay = await stays.in_bed(unit, bed.id)
        is_family = stay is not None and await _is_family(unit, stay.person_id)
        seen.view = view_of(unit.principal.role, is_theirs=is_theirs, is_family=is_family)
        if stay is not None and seen.view != "PUBLIC":
            seen.stay, seen.elder = stay, await elders.find(unit, stay.person_id)
            if seen.view == "INSPECTOR":
                seen.subsidies = await subsidies.of_person(unit, stay.person_id)
    unit.add(
        BedScan(
            id=uuid7(),
            bed_id=bed.id,
            institution_id=bed.institution_id,
            area_code=bed.area_code,
            account_id=unit.principal.account_id,
            role=unit.principal.role.value,
            view=seen.view,
            scanned_at=unit.now,
        )
    )
    await unit.flush()
    return seen


async def _is_family(unit: UnitOfWork, person_id: str) -> bool:
    who = unit.principal
    if who.role is not Role.RESIDENT or not who.person_id:
        return False
    return who.person_id == person_id or await elders.is_relative(unit, person_id, who.person_id)


def log(bed_id: str) -> Select[BedScan]:
    """Scans of a bed among the caller's rows."""
    return select(BedScan).where(col(BedScan.bed_id) == bed_id)
