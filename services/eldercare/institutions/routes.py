"""Institutions over HTTP."""

from typing import Annotated

from fastapi import Query

from services.eldercare.filters import Filters
from services.eldercare.institutions import service
from services.eldercare.institutions.schemas import InstitutionIn, InstitutionOut, State
from shared.db.problems import Invalid
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare/institutions", tags=["养老机构"])


class InstitutionQuery(Filters):
    """The declared filter of the list."""

    state: State | None = None


@router.get("")
@permit("institution", "read")
async def list_institutions(unit: Unit, query: Annotated[InstitutionQuery, Query()]) -> Page[InstitutionOut]:
    """辖区养老机构。"""
    order = [service.Institution.area_code, service.Institution.id]
    return await paginate(unit, service.listing(query.state), order, query, InstitutionOut.model_validate)


@router.post("", status_code=201)
@permit("institution", "write")
async def add_institution(body: InstitutionIn, unit: Unit) -> InstitutionOut:
    """登记养老机构。"""
    if not unit.principal.lo <= body.area_code < unit.principal.hi:
        raise Invalid("area_outside", "不在您的管辖区域内", field="areaCode")
    values = body.model_dump() | {"phone": body.phone or ""}
    return InstitutionOut.model_validate(await service.add(unit, service.NewInstitution(**values)))


@router.get("/{institution_id}")
@permit("institution", "read")
async def get_institution(institution_id: str, unit: Unit) -> InstitutionOut:
    """养老机构。"""
    return InstitutionOut.model_validate(await unit.get(service.Institution, institution_id))
