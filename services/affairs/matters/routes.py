"""Matters and the work list over HTTP."""

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import PlainTextResponse
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from services.affairs.law import in_force
from services.affairs.matters import service
from services.affairs.matters.schemas import (
    AppointmentIn,
    CompleteIn,
    Department,
    MaterialIn,
    MatterOut,
    MigrationIn,
    MigrationOut,
    ReasonIn,
    StepOut,
    TaskId,
    WorkItem,
)
from shared.db.problems import Invalid
from shared.ids import UuidStr
from shared.onething import Action, MatterTask, Outcome, TaskStatus
from shared.onething import actions as act
from shared.web import Page, Router, Unit, paginate, permit
from shared.web.paging import PageParameters

router = Router(prefix="/api/affairs", tags=["身后一件事"])

CaseId = Annotated[UuidStr, Path()]
TaskOf = Annotated[TaskId, Path()]


class WorkQuery(PageParameters):
    """The declared filters of the work list."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    state: TaskStatus | None = None
    department: Department | None = None


@router.get("/tasks")
@permit("task", "list", "personal")
async def list_tasks(unit: Unit, query: Annotated[WorkQuery, Query()]) -> Page[WorkItem]:
    """Tasks of the caller's area, the most urgent first; open ones unless `state` names another."""
    statement = service.work_list(unit.principal.role.value, state=query.state, department=query.department)
    order = [MatterTask.due_sort, MatterTask.id]
    page = await paginate(unit, statement, order, query, lambda task: WorkItem.of(unit, task))
    unit.note(subjects=sorted({item.person_id for item in page.items}), count=len(page.items))
    return page


@router.get("/matters/{case_id}")
@permit("matter", "read", "personal")
async def get_matter(case_id: CaseId, unit: Unit) -> MatterOut:
    """A matter with the tasks the caller may see; a resident sees her relative's."""
    matter, definition, state = await service.look(unit, case_id)
    unit.note(subjects=[matter.person_id], case_id=case_id)
    return MatterOut.of(unit, matter, definition, state)


@router.post("/matters/{case_id}/migration")
@permit("matter", "migrate", "personal")
async def migrate_matter(case_id: CaseId, body: MigrationIn, unit: Unit) -> MigrationOut:
    """Move a running matter to another version of its definition; by default only shown what that would change."""
    found = await service.migrate(unit, case_id, body.to_version, is_dry_run=body.dry_run)
    unit.note(case_id=case_id, detail={"toVersion": body.to_version, "dryRun": body.dry_run})
    return MigrationOut.of(found, is_done=not body.dry_run)


@router.get("/matters/{case_id}/diagram", response_class=PlainTextResponse)
@permit("matter", "read", "personal")
async def get_diagram(case_id: CaseId, unit: Unit) -> PlainTextResponse:
    """The matter drawn as Mermaid text, coloured by state."""
    unit.note(case_id=case_id)
    return PlainTextResponse(await service.diagram(unit, case_id))


@router.post("/matters/{case_id}/tasks/{task_id}/complete")
@permit("task", "complete", "personal")
async def complete_task(case_id: CaseId, task_id: TaskOf, body: CompleteIn, unit: Unit) -> StepOut:
    """A person has done the task. Of many who say so one is right, the others get 409."""
    is_done = body.outcome is Outcome.DONE
    if not is_done and body.result:
        raise Invalid("result_without_work", "无需办理时不填写办理结果", field="result")
    done = act.completed(
        unit.now,
        unit.principal.account_id,
        task_id,
        result=body.result,
        outcome=body.outcome,
        reason=body.reason or "",
    )
    return await _step(unit, case_id, done)


@router.post("/matters/{case_id}/tasks/{task_id}/waive")
@permit("task", "waive", "personal")
async def waive_task(case_id: CaseId, task_id: TaskOf, body: ReasonIn, unit: Unit) -> StepOut:
    """The family does without a task that is not mandatory."""
    return await _step(unit, case_id, act.waived(unit.now, unit.principal.account_id, task_id, reason=body.reason))


@router.post("/matters/{case_id}/tasks/{task_id}/retry")
@permit("task", "complete", "personal")
async def retry_task(case_id: CaseId, task_id: TaskOf, unit: Unit) -> StepOut:
    """Send the call of the manual queue to the department again, also the one that undoes."""
    state = await service.retry(unit, case_id, task_id)
    _, definition, _ = await service.look(unit, case_id)
    return StepOut.of(unit, case_id, task_id, state, definition)


@router.post("/matters/{case_id}/tasks/{task_id}/manual")
@permit("task", "complete", "personal")
async def take_task_over(case_id: CaseId, task_id: TaskOf, body: ReasonIn, unit: Unit) -> StepOut:
    """A person takes over what a department or a service does not answer."""
    taken = act.sent_to_manual(unit.now, unit.principal.account_id, task_id, reason=body.reason)
    return await _step(unit, case_id, taken)


@router.post("/matters/{case_id}/tasks/{task_id}/attend")
@permit("task", "complete", "personal")
async def attend_to_task(case_id: CaseId, task_id: TaskOf, body: ReasonIn, unit: Unit) -> StepOut:
    """What a service asked people for after the task was done has been dealt with."""
    return await _step(unit, case_id, act.attended(unit.now, unit.principal.account_id, task_id, reason=body.reason))


@router.post("/matters/{case_id}/tasks/{task_id}/compensate")
@permit("task", "complete", "personal")
async def compensate_task(case_id: CaseId, task_id: TaskOf, body: ReasonIn, unit: Unit) -> StepOut:
    """A person has undone the task of a revoked matter."""
    return await _step(unit, case_id, act.compensated(unit.now, unit.principal.account_id, task_id, reason=body.reason))


@router.post("/matters/{case_id}/tasks/{task_id}/materials")
@permit("task", "waive", "personal")
async def receive_material(case_id: CaseId, task_id: TaskOf, body: MaterialIn, unit: Unit) -> StepOut:
    """The family hands in a paper the task needs."""
    received = act.material_received(
        unit.now, unit.principal.account_id, task_id, body.material, file_id=body.file_id or ""
    )
    return await _step(unit, case_id, received)


@router.post("/matters/{case_id}/tasks/{task_id}/appointment")
@permit("task", "waive", "personal")
async def appoint_task(case_id: CaseId, task_id: TaskOf, body: AppointmentIn, unit: Unit) -> StepOut:
    """The family chooses the day; a later choice replaces it."""
    furthest = in_force(unit.today, unit.principal.area_code).whole("deaths.appointment")
    if not 0 <= (body.on - unit.today).days <= furthest:
        raise Invalid("appointment_date", f"约定日期应在今天至今后{furthest}天之内", field="on")
    return await _step(unit, case_id, act.appointed(unit.now, unit.principal.account_id, task_id, body.on))


async def _step(unit: Unit, case_id: str, action: Action) -> StepOut:
    state = await service.step(unit, case_id, action)
    matter, definition, _ = await service.look(unit, case_id)
    unit.note(subjects=[matter.person_id], case_id=case_id)
    assert action.task is not None
    return StepOut.of(unit, case_id, action.task, state, definition)
