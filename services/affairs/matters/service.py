"""The after-death matters: opening, stepping, reading. The case's row lock comes before the matter's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Select
from sqlmodel import col, select

from services.affairs.cases import service as cases
from services.affairs.cases.service import DeathCase
from services.affairs.matters import calls
from services.affairs.matters.vocabulary import vocabulary
from services.affairs.people import service as people
from shared.contracts.affairs import DeathTaskChanged
from shared.db.principals import Scope
from shared.db.problems import Invalid
from shared.db.unit import UnitOfWork
from shared.onething import (
    Action,
    Definition,
    Definitions,
    Hooks,
    Matter,
    MatterNotFound,
    MatterState,
    MatterTask,
    MigrationPlan,
    OneThing,
    Participant,
    TaskChange,
    TaskStatus,
    draw,
    tasks_query,
    visible,
)
from shared.onething import actions as act
from shared.onething.registry import UnknownDefinition

AFTER_DEATH = "after-death"
OPEN_TASKS = ("READY", "SENT", "FAILED", "RETRY", "MANUAL", "COMPENSATING")


async def _tell(unit: UnitOfWork, matter: Matter, change: TaskChange) -> None:
    """Every move of a task is an event (49)."""
    if not change.moved:
        return
    event = DeathTaskChanged(
        death_case_id=matter.id,
        person_id=matter.person_id,
        task_id=change.task.id,
        title=change.task.title,
        state=change.after.status.value,
        department=change.task.department,
    )
    unit.emit(event, area_code=matter.area_code)


ONE_THING = OneThing(
    Definitions.load(Path(__file__).parent, vocabulary()),
    Hooks(on_ready=calls.place_for_task, on_undo=calls.place_for_undoing, on_change=_tell),
)


# ── what the death case does to its matter; the case is locked ───────────────────────────────────


async def open_matter(unit: UnitOfWork, case: DeathCase) -> None:
    """The matter opens at the first report; the close relatives may follow it."""
    kin = await people.relatives_of(unit, case.person_id)
    await ONE_THING.open(
        unit,
        AFTER_DEATH,
        case.id,
        person_id=case.person_id,
        area_code=case.area_code,
        participants=[Participant(one.relative_id, one.kind.lower()) for one in kin],
    )


async def verify(unit: UnitOfWork, case: DeathCase) -> None:
    """The report is being checked."""
    if case.state == "REPORTED":
        await record(unit, case, act.milestone(unit.now, unit.principal.account_id, "verifying"))


async def record(unit: UnitOfWork, case: DeathCase, *actions: Action) -> MatterState:
    """Append what the caller has decided on, and let the case follow."""
    state = await ONE_THING.record(unit, case.id, *actions)
    cases.follow(case, state.status)
    return state


async def withdraw(unit: UnitOfWork, case: DeathCase, action: Action) -> MatterState:
    """Dismiss or revoke: calls nobody has answered are cancelled first, then what was done is undone."""
    await calls.cancel(unit, case.id)
    return await record(unit, case, action)


# ── what people do with a task ───────────────────────────────────────────────────────────────────


@asynccontextmanager
async def _reach(unit: UnitOfWork, case_id: str) -> AsyncIterator[None]:
    """Raise MatterNotFound unless the matter is the caller's to see; then work beyond her rows where she has none.

    A relative steps tasks whose rows are the bureau's; an institution sees the matter of a death it reported.
    """
    scope = unit.principal.scope
    if scope is Scope.ORG:
        await cases.get(unit, case_id)
    elif await unit.session.get(Matter, case_id) is None:
        raise MatterNotFound
    async with nullcontext() if scope in (Scope.AREA, Scope.SYSTEM) else unit.elevated("matter: by a participant"):
        yield


async def step(unit: UnitOfWork, case_id: str, action: Action) -> MatterState:
    """One action on one task by the person signed in; her role, her distance to the dead and the state decide."""
    async with _reach(unit, case_id):
        case = await _handled(unit, case_id)
        state = await ONE_THING.act(unit, case_id, action)
        cases.follow(case, state.status)
    return state


async def retry(unit: UnitOfWork, case_id: str, task_id: str) -> MatterState:
    """Send a call again: the task's own, or the one that undoes it."""
    async with _reach(unit, case_id):
        case = await _handled(unit, case_id)
        _, _, state = await ONE_THING.state(unit, case_id)
        found = state.tasks.get(task_id)
        if found is not None and found.status is TaskStatus.COMPENSATING:
            await calls.undo_again(unit, case_id, task_id)
            return state
        state = await ONE_THING.act(unit, case_id, act.retried(unit.now, unit.principal.account_id, task_id))
        cases.follow(case, state.status)
    return state


async def _handled(unit: UnitOfWork, case_id: str) -> DeathCase:
    """The case under lock, for someone who may handle it: staff who are relatives may not."""
    case = await cases.locked(unit, case_id)
    if unit.principal.scope is not Scope.PERSON:
        await people.refuse_relatives(unit, case.person_id)
    return case


# ── what others answer ───────────────────────────────────────────────────────────────────────────


async def answer(unit: UnitOfWork, case_id: str, source: str, effects: Iterable[Mapping[str, Any]]) -> None:
    """A service has settled, or unsettled, its share."""
    case = await cases.locked(unit, case_id)
    state = await ONE_THING.answer(unit, case_id, source, list(effects))
    cases.follow(case, state.status)


async def call_outcome(
    unit: UnitOfWork, key: str, *, outcome: str, result: Mapping[str, Any], reason: str, is_undo: bool
) -> None:
    """What became of a call; `key` is `<case>/<task>`."""
    case_id, _, task_id = key.partition("/")
    case = await cases.locked(unit, case_id)
    state = await ONE_THING.call_outcome(
        unit, case_id, task_id, outcome=outcome, result=result, reason=reason, is_undo=is_undo
    )
    cases.follow(case, state.status)


async def after_time(unit: UnitOfWork, case_id: str) -> None:
    """Time has done its part to the matter; a follow-up shows on the case."""
    _, _, state = await ONE_THING.state(unit, case_id)
    cases.follow_up(await cases.locked(unit, case_id), state.followed_up_at)


async def admit(unit: UnitOfWork, person_id: str, relative_id: str, kind: str) -> None:
    """A relation was entered late: the relative may follow the matters of the person."""
    for matter in await unit.all(select(Matter).where(col(Matter.person_id) == person_id, ~col(Matter.is_ended))):
        await ONE_THING.add_participant(unit, matter, Participant(relative_id, kind.lower()))


async def part(unit: UnitOfWork, person_id: str, relative_id: str) -> None:
    """The relation ended: what happened to the person is no longer the relative's to see."""
    await ONE_THING.remove_participant(unit, person_id, relative_id)


class VersionUnknown(Invalid):
    code = "version_unknown"
    detail = "没有这个版本的事项定义"


async def migrate(unit: UnitOfWork, case_id: str, to_version: int, *, is_dry_run: bool) -> MigrationPlan:
    """Move the matter to another version, or show what that would change. Raises VersionUnknown, and Conflict with
    the plan's refusals."""
    async with _reach(unit, case_id):
        case = await _handled(unit, case_id)
        try:
            if is_dry_run:
                return await ONE_THING.plan_migration(unit, case_id, to_version)
            found = await ONE_THING.migrate(unit, case_id, to_version)
        except UnknownDefinition:
            raise VersionUnknown(field="toVersion") from None
        _, _, state = await ONE_THING.state(unit, case_id)
        cases.follow(case, state.status)
        return found


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


async def look(unit: UnitOfWork, case_id: str) -> tuple[Matter, Definition, MatterState]:
    """The matter as it stands; MatterNotFound outside the caller's rows."""
    async with _reach(unit, case_id):
        return await ONE_THING.state(unit, case_id)


async def diagram(unit: UnitOfWork, case_id: str) -> str:
    """Mermaid text of the tasks the caller's role may see, coloured by their state."""
    _, definition, state = await look(unit, case_id)
    return draw(_narrowed(definition, unit.principal.role.value), state)


def _narrowed(definition: Definition, role: str) -> Definition:
    """The definition as far as a role may see it: what a task is called tells that the person draws relief."""
    seen = visible(definition, role)
    ids = {task.id for task in seen}
    stages = {task.stage for task in seen}
    whole = {name: getattr(definition, name) for name in Definition.model_fields}
    narrowed = {
        "tasks": [task.model_copy(update={"needs": tuple(n for n in task.needs if n in ids)}) for task in seen],
        "stages": [stage for stage in definition.stages if stage.id in stages],
        "milestones": [
            milestone.model_copy(update={"tasks": tuple(one for one in milestone.tasks if one in ids)})
            for milestone in definition.milestones
        ],
    }
    return Definition.model_validate(whole | narrowed)


def work_list(role: str, *, state: str | None, department: str | None) -> Select[Any]:
    """Tasks of the caller's rows that her role may see, open ones unless a state is named."""
    statement = tasks_query(ONE_THING.definitions, role)
    status = col(MatterTask.status)
    statement = statement.where(status == state if state is not None else status.in_(OPEN_TASKS))
    if department is not None:
        statement = statement.where(col(MatterTask.department) == department)
    return statement


def title_of(task: MatterTask) -> str:
    """What a task of the work list is called in the version its matter holds."""
    return ONE_THING.definitions.get(task.definition_id, task.version).tasks_by_id[task.task_id].title
