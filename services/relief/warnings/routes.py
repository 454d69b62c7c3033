"""Facts, levels and warnings over HTTP."""

from typing import Annotated, Any

from fastapi import Query

from services.relief.filters import Filters
from services.relief.warnings import nightly, service
from services.relief.warnings.schemas import (
    ChangeOut,
    DisposalIn,
    FactEndIn,
    FactIn,
    FactOut,
    Holder,
    Level,
    LevelOut,
    RunOut,
    State,
    WarningOut,
    WarningVisitIn,
    WhyWarningOut,
    named,
)
from services.relief.warnings.service import FamilyFact, FamilyWarning, WarningChange
from services.relief.warnings.tables import WarningRun
from shared.ids import UuidStr
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.policy import reasons_of

router = Router(prefix="/api/relief", tags=["四色预警"])


class WarningQuery(Filters):
    """The declared filters of the list."""

    level: Level | None = None
    state: State | None = None
    holder: Holder | None = None
    household_id: UuidStr | None = None


@router.post("/households/{household_id}/facts", status_code=201)
@permit("fact", "record", "personal")
async def record_fact(household_id: UuidStr, body: FactIn, unit: Unit) -> FactOut:
    """登记家庭情况（失业、残疾、灾害、断粮等），注明来源；等级随即重新评估。"""
    fact = await service.record(unit, household_id, body.to_fact())
    unit.note(subjects=[fact.person_id] if fact.person_id else [], case_id=household_id)
    return FactOut.of(unit, fact)


@router.get("/households/{household_id}/facts")
@permit("fact", "read", "personal")
async def list_facts(household_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[FactOut]:
    """家庭情况记录，按登记先后；涉及健康的不显示种类和内容。"""
    await service.level_of(unit, household_id)

    def shown(fact: Any) -> FactOut:
        return FactOut.of(unit, fact)

    page = await paginate(unit, service.facts_listing(household_id), [FamilyFact.id], query, shown)
    unit.note(subjects=[item.person_id for item in page.items if item.person_id], case_id=household_id)
    return page


@router.get("/facts/{fact_id}")
@permit("fact", "reveal", "unmask")
async def reveal_fact(fact_id: UuidStr, unit: Unit) -> FactOut:
    """一条家庭情况的完整内容；须说明理由，留痕。"""
    fact = await unit.get(FamilyFact, fact_id)
    unit.note(subjects=[fact.person_id] if fact.person_id else [], case_id=fact.household_id)
    return FactOut.of(unit, fact)


@router.post("/facts/{fact_id}/end")
@permit("fact", "record", "personal")
async def end_fact(fact_id: UuidStr, body: FactEndIn, unit: Unit) -> FactOut:
    """情况已结束：登记最后一天。"""
    fact = await service.end(unit, fact_id, body.until)
    unit.note(case_id=fact.household_id)
    return FactOut.of(unit, fact)


@router.post("/facts/{fact_id}/withdraw")
@permit("fact", "withdraw", "personal")
async def withdraw_fact(fact_id: UuidStr, unit: Unit) -> FactOut:
    """登记有误：撤回，由此引起的预警一并撤销。"""
    fact = await service.withdraw(unit, fact_id)
    unit.note(case_id=fact.household_id)
    return FactOut.of(unit, fact)


@router.get("/households/{household_id}/level")
@permit("warning", "read", "personal")
async def get_level(household_id: UuidStr, unit: Unit) -> LevelOut:
    """家庭当前的预警等级。"""
    level = await service.level_of(unit, household_id)
    unit.note(case_id=household_id)
    if level is None:
        return LevelOut(household_id=household_id, level="GREEN", points=0, kinds=[], since=None, clear_since=None)
    return LevelOut.of_row(level, kinds=sorted({named(kind) for kind in level.kinds}))


@router.get("/warnings")
@permit("warning", "read", "personal")
async def list_warnings(unit: Unit, query: Annotated[WarningQuery, Query()]) -> Page[WarningOut]:
    """预警任务，先发出的在前。"""
    statement = service.listing(
        level=query.level, state=query.state, holder=query.holder, household_id=query.household_id
    )
    page = await paginate(unit, statement, [FamilyWarning.id], query, WarningOut.of)
    unit.note(count=len(page.items))
    return page


@router.get("/warnings/{warning_id}")
@permit("warning", "read", "personal")
async def get_warning(warning_id: UuidStr, unit: Unit) -> WarningOut:
    """一条预警：等级、因素、期限、处置。"""
    warning = await unit.get(FamilyWarning, warning_id)
    unit.note(case_id=warning.household_id)
    return WarningOut.of(warning)


@router.get("/warnings/{warning_id}/why")
@permit("warning", "reveal", "unmask")
async def explain_warning(warning_id: UuidStr, unit: Unit) -> WhyWarningOut:
    """预警的全部因素、分值和依据，按发出时的规则和参数重新推演；涉及健康，须说明理由，留痕。"""
    warning = await unit.get(FamilyWarning, warning_id)
    decision = await service.explain(unit, warning)
    unit.note(case_id=warning.household_id, detail={"warning": warning_id})
    return WhyWarningOut.of_row(
        warning,
        warning_id=warning_id,
        level=decision.outcome,
        decided_for=decision.on,
        reasons=reasons_of(decision),
        remark=service.remark_of(unit, warning),
    )


@router.get("/warnings/{warning_id}/changes")
@permit("warning", "read", "personal")
async def list_warning_changes(warning_id: UuidStr, unit: Unit, query: Annotated[Filters, Query()]) -> Page[ChangeOut]:
    """预警的状态、等级和责任人变化。"""
    warning = await unit.get(FamilyWarning, warning_id)
    unit.note(case_id=warning.household_id)
    return await paginate(
        unit, service.changes_listing(warning_id), [WarningChange.seq], query, ChangeOut.model_validate
    )


@router.post("/warnings/{warning_id}/visit")
@permit("warning", "visit", "personal")
async def visit_for_warning(warning_id: UuidStr, body: WarningVisitIn, unit: Unit) -> WarningOut:
    """已上门核实；红色预警填写是否当场提供急难救助。"""
    warning = await service.visit(unit, warning_id, has_offered_relief=body.has_offered_relief)
    unit.note(case_id=warning.household_id)
    return WarningOut.of(warning)


@router.post("/warnings/{warning_id}/dispose")
@permit("warning", "dispose", "personal")
async def dispose_of_warning(warning_id: UuidStr, body: DisposalIn, unit: Unit) -> WarningOut:
    """处置结果；随即重新评估，已无预警因素的结案。"""
    warning = await service.dispose(unit, warning_id, body.disposal, body.department, body.remark)
    unit.note(case_id=warning.household_id, detail={"disposal": body.disposal})
    return WarningOut.of(warning)


@router.post("/warning-runs", status_code=202)
@permit("warning", "run")
async def start_warning_run(unit: Unit) -> RunOut:
    """立即对全部家庭评估一次；已在进行的继续进行。"""
    async with unit.elevated("warnings: evaluate all families"):
        run = await nightly.start(unit, unit.today)
    return RunOut.model_validate(run)


@router.get("/warning-runs")
@permit("warning", "run")
async def list_warning_runs(unit: Unit, query: Annotated[Filters, Query()]) -> Page[RunOut]:
    """每日评估的进度和结果，最近的在前。"""
    return await paginate(unit, nightly.runs_listing(), [WarningRun.id], query, RunOut.model_validate, descending=True)
