"""Scans over HTTP."""

from services.eldercare.scans import service
from services.eldercare.scans.schemas import ScanLogged, ScanOut
from shared.web import Page, PageQuery, Router, Unit, paginate, permit, public

router = Router(prefix="/api/eldercare/beds", tags=["一床一人一码"])


@router.get("/by-code/{code}")
@permit("bed_code", "scan", "personal")
async def scan_bed_code(code: str, unit: Unit) -> ScanOut:
    """扫床位码：按身份显示不同内容，每次扫码留痕。"""
    return await _scanned(unit, code)


@router.get("/by-code/{code}/public")
@public("eldercare.scan")
async def scan_bed_code_in_public(code: str, unit: Unit) -> ScanOut:
    """未登录扫码：只显示机构和投诉电话。"""
    return await _scanned(unit, code)


async def _scanned(unit: Unit, code: str) -> ScanOut:
    seen = await service.scan(unit, code)
    unit.note(subjects=[seen.elder.person_id] if seen.elder else [], detail={"bed": seen.bed.id, "view": seen.view})
    return ScanOut.of(unit, seen)


@router.get("/{bed_id}/scans")
@permit("bed_code", "log")
async def list_bed_scans(bed_id: str, unit: Unit, page: PageQuery) -> Page[ScanLogged]:
    """床位码扫码记录。"""
    statement = service.log(bed_id)
    return await paginate(unit, statement, [service.BedScan.id], page, ScanLogged.model_validate, descending=True)
