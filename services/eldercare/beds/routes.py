"""Beds over HTTP."""

from typing import Annotated

from fastapi import Query

from services.eldercare.beds import service
from services.eldercare.beds.schemas import BedIn, BedOut, BedStep, FiguresOut, Status, Type
from services.eldercare.elders import service as elders
from services.eldercare.filters import Filters
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.wire import ShortText

router = Router(prefix="/api/eldercare/beds", tags=["床位"])


class BedQuery(Filters):
    """The declared filters of the list."""

    institution_id: ShortText | None = None
    type: Type | None = None
    status: Status | None = None


@router.get("")
@permit("bed", "read")
async def list_beds(unit: Unit, query: Annotated[BedQuery, Query()]) -> Page[BedOut]:
    """床位名单，可按机构、类型、状态筛选。"""
    statement = service.listing(institution_id=query.institution_id, type_=query.type, status=query.status)
    return await paginate(unit, statement, [service.Bed.id], query, BedOut.model_validate)


@router.post("", status_code=201)
@permit("bed", "write")
async def add_bed(body: BedIn, unit: Unit) -> BedOut:
    """登记床位，同时生成床位码。"""
    new = service.NewBed(**(body.model_dump() | {"zone": body.zone or ""}))
    return BedOut.model_validate(await service.add(unit, new))


@router.get("/figures")
@permit("bed", "figures")
async def bed_figures(unit: Unit) -> FiguresOut:
    """床位使用情况、护理型床位占比（K-05）、每万老年人认知障碍床位数（K-07）。"""
    return FiguresOut.of(await service.figures(unit), await elders.count_living(unit))


@router.get("/{bed_id}")
@permit("bed", "read")
async def get_bed(bed_id: str, unit: Unit) -> BedOut:
    """床位。"""
    return BedOut.model_validate(await unit.get(service.Bed, bed_id))


@router.post("/{bed_id}/steps")
@permit("bed", "write")
async def step_bed(bed_id: str, body: BedStep, unit: Unit) -> BedOut:
    """床位维修、恢复使用或撤销。"""
    bed = await service.step(unit, bed_id, body.action)
    unit.note(detail={"bed": bed_id, "status": bed.status})
    return BedOut.model_validate(bed)
