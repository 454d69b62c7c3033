"""Reporting a death over HTTP."""

from sqlalchemy import select

from services.eldercare.deaths import service
from services.eldercare.deaths.schemas import DeathReportAccepted, DeathReportIn, DeathReportOut
from shared.ids import PersonId
from shared.web import Page, PageQuery, Router, Unit, paginate, permit

router = Router(prefix="/api/eldercare", tags=["死亡报告"])


@router.post("/elders/{person_id}/death-report", status_code=202)
@permit("death_report", "write", "personal")
async def report_death(person_id: PersonId, body: DeathReportIn, unit: Unit) -> DeathReportAccepted:
    """报告死亡；确认之前不停办任何待遇。"""
    report_id = await service.report(unit, person_id, body.death_date, body.place, body.note or "")
    unit.note(subjects=[person_id], detail={"report": report_id})
    return DeathReportAccepted(report_id=report_id)


@router.get("/death-reports")
@permit("death_report", "read", "personal")
async def list_death_reports(unit: Unit, page: PageQuery) -> Page[DeathReportOut]:
    """死亡报告名单，先报在前。"""
    found = await paginate(
        unit, select(service.DeathReport), [service.DeathReport.id], page, DeathReportOut.model_validate
    )
    unit.note(subjects=[item.person_id for item in found.items], count=len(found.items))
    return found
