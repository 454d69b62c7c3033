"""Visits over HTTP."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query

from services.relief.filters import Filters
from services.relief.households.schemas import HouseholdItem
from services.relief.households.service import Household
from services.relief.visits import lists, planning, service
from services.relief.visits.lists import HelpProject
from services.relief.visits.schemas import (
    AssignVisitIn,
    CheckInIn,
    HelpObjectOut,
    HomeOut,
    Kind,
    Need,
    PairIn,
    PairOut,
    PlaceIn,
    ProjectIn,
    ProjectOut,
    State,
    SubmitIn,
    VisitDoneIn,
    VisitOut,
    VisitRateOut,
    VisitRevealed,
)
from services.relief.visits.service import HelperPair, Visit
from shared import clock
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit

router = Router(prefix="/api/relief", tags=["走访"])

_Day = Annotated[date | None, Query(ge=date(2016, 1, 1), le=date(2100, 1, 1))]


class VisitQuery(Filters):
    """The declared filters of the list."""

    household_id: UuidStr | None = None
    is_done: bool | None = None
    kind: Kind | None = None
    state: State | None = None
    helper_id: str | None = None


class ProjectQuery(Filters):
    """The declared filters of the list."""

    need: Need | None = None


class PairQuery(Filters):
    """The declared filters of the list."""

    household_id: UuidStr | None = None
    helper_id: str | None = None


@router.get("/visits")
@permit("visit", "read", "personal")
async def list_visits(unit: Unit, query: Annotated[VisitQuery, Query()]) -> Page[VisitOut]:
    """走访任务，先到期的在前。"""
    statement = service.listing(
        unit,
        household_id=query.household_id,
        is_done=query.is_done,
        kind=query.kind,
        state=query.state,
        helper_id=query.helper_id,
    )
    page = await paginate(unit, statement, [Visit.due_on, Visit.id], query, VisitOut.model_validate)
    unit.note(subjects=[item.person_id for item in page.items if item.person_id], count=len(page.items))
    return page


@router.get("/visits/{visit_id}")
@permit("visit", "reveal", "unmask")
async def reveal_visit(visit_id: UuidStr, unit: Unit) -> VisitRevealed:
    """一次走访的完整内容：问卷和签到地点；须说明理由，留痕。"""
    visit = await service.seen(unit, visit_id)
    unit.note(case_id=visit.household_id, detail={"visit": visit_id})
    return VisitRevealed.whole(unit, visit)


@router.post("/visits/{visit_id}/complete")
@permit("visit", "complete", "personal")
async def complete_visit(visit_id: UuidStr, body: VisitDoneIn, unit: Unit) -> VisitOut:
    """登记慰问走访完成。"""
    visit = await service.complete(unit, visit_id, body.remark)
    unit.note(subjects=[visit.person_id], case_id=visit_id)
    return VisitOut.model_validate(visit)


@router.post("/visits/{visit_id}/assign")
@permit("visit", "assign", "personal")
async def assign_visit(visit_id: UuidStr, body: AssignVisitIn, unit: Unit) -> VisitOut:
    """指派走访人。"""
    visit = await service.assign(unit, visit_id, body.helper_id)
    unit.note(case_id=visit.household_id)
    return VisitOut.model_validate(visit)


@router.post("/visits/{visit_id}/check-in")
@permit("visit", "complete", "personal")
async def check_in_visit(visit_id: UuidStr, body: CheckInIn, unit: Unit) -> VisitOut:
    """签到：时间和地点；不能到场的说明理由。"""
    visit = await service.check_in(unit, visit_id, body.to_check_in())
    unit.note(case_id=visit.household_id)
    return VisitOut.model_validate(visit)


@router.post("/visits/{visit_id}/submit")
@permit("visit", "complete", "personal")
async def submit_visit(visit_id: UuidStr, body: SubmitIn, unit: Unit) -> VisitOut:
    """提交走访问卷（可离线，签到后24小时内）；不合格的写明原因，可重新走访。"""
    check = body.check_in.to_check_in() if body.check_in else None
    visit = await service.submit(unit, visit_id, body.to_answers(), check)
    unit.note(case_id=visit.household_id, detail={"state": visit.state})
    return VisitOut.model_validate(visit)


@router.get("/visit-rate")
@permit("visit", "count")
async def get_visit_rate(unit: Unit, on: _Day = None) -> VisitRateOut:
    """救助家庭探访关爱率（K-02）：享受待遇家庭中，近十二个月到期的探访全部完成的比例。"""
    day = on or unit.today
    until = clock.start_of_day(day + timedelta(days=1))
    families, visited = await planning.rate(unit, day, until)
    rate = f"{100 * visited / families:.2f}" if families else None
    return VisitRateOut(on=day, families=families, visited=visited, rate=rate)


@router.post("/households/{household_id}/home")
@permit("visit", "assign", "personal")
async def set_home(household_id: UuidStr, body: PlaceIn, unit: Unit) -> HomeOut:
    """家庭住址的坐标，用于核对签到地点。"""
    await service.set_home(unit, household_id, body.to_point())
    unit.note(case_id=household_id)
    return HomeOut(household_id=household_id, is_known=True)


@router.post("/helper-pairs", status_code=201)
@permit("pair", "make", "personal")
async def make_pair(body: PairIn, unit: Unit) -> PairOut:
    """结对：一名帮扶人最多十户。"""
    row = await service.pair(unit, body.household_id, body.helper_id, body.helper_name)
    unit.note(case_id=body.household_id)
    return PairOut.of(unit, row)


@router.get("/helper-pairs")
@permit("pair", "read", "personal")
async def list_pairs(unit: Unit, query: Annotated[PairQuery, Query()]) -> Page[PairOut]:
    """结对清单。"""

    def shown(row: Any) -> PairOut:
        return PairOut.of(unit, row)

    statement = service.pairs_listing(household_id=query.household_id, helper_id=query.helper_id)
    page = await paginate(unit, statement, [HelperPair.id], query, shown)
    unit.note(count=len(page.items))
    return page


@router.post("/helper-pairs/{pair_id}/end")
@permit("pair", "make", "personal")
async def end_pair(pair_id: UuidStr, unit: Unit) -> PairOut:
    """结束结对。"""
    row = await service.end_pair(unit, pair_id)
    unit.note(case_id=row.household_id)
    return PairOut.of(unit, row)


@router.get("/unpaired-families")
@permit("pair", "read", "personal")
async def list_unpaired(unit: Unit, query: Annotated[Filters, Query()]) -> Page[HouseholdItem]:
    """需要探访而没有结对帮扶人的家庭。"""
    statement = service.unpaired_listing(unit.today)
    page = await paginate(unit, statement, [Household.id], query, HouseholdItem.model_validate)
    unit.note(subjects=[item.applicant_id for item in page.items], count=len(page.items))
    return page


@router.get("/help-objects")
@permit("visit", "read", "personal")
async def list_help_objects(unit: Unit, query: Annotated[Filters, Query()]) -> Page[HelpObjectOut]:
    """帮扶对象清单：类别、预警等级、探访期限、结对帮扶人和最近的需求。"""
    page: Page[Any] = await paginate(
        unit, lists.objects_listing(unit.today), [Household.id], query, lambda household: household
    )
    found = await lists.objects(unit, [household.id for household in page.items])
    unit.note(subjects=[household.applicant_id for household in page.items], count=len(page.items))
    items = [
        HelpObjectOut.of_row(found[household.id], household_id=household.id, area_code=household.area_code)
        for household in page.items
    ]
    return Page[HelpObjectOut](items=items, next_cursor=page.next_cursor, total=page.total)


@router.get("/help-projects")
@permit("project", "read")
async def list_help_projects(unit: Unit, query: Annotated[ProjectQuery, Query()]) -> Page[ProjectOut]:
    """帮扶项目清单。"""
    statement = lists.projects_listing(unit.today, need=query.need)
    return await paginate(unit, statement, [HelpProject.id], query, ProjectOut.model_validate)


@router.post("/help-projects", status_code=201)
@permit("project", "offer")
async def offer_help_project(body: ProjectIn, unit: Unit) -> ProjectOut:
    """登记帮扶项目：对应的需求、提供方和适用地区。"""
    return ProjectOut.model_validate(await lists.offer(unit, **body.model_dump()))


@router.post("/help-projects/{project_id}/end")
@permit("project", "offer")
async def end_help_project(project_id: UuidStr, unit: Unit) -> ProjectOut:
    """结束帮扶项目。"""
    return ProjectOut.model_validate(await lists.end_project(unit, project_id))
