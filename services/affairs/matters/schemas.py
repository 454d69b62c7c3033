"""Matters and tasks on the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from services.affairs.matters import service
from shared.db.unit import UnitOfWork
from shared.ids import PersonId
from shared.onething import (
    Definition,
    Kind,
    Matter,
    MatterState,
    MatterTask,
    MigrationPlan,
    Outcome,
    TaskStatus,
    TaskView,
    allowed,
    tasks_for,
)
from shared.onething.due import DueState
from shared.web import Wire
from shared.web.wire import LongText, ShortText


class ProgressOut(Wire):
    """Counts of the tasks that apply; `percent` is of the mandatory ones."""

    done: int
    total: int
    mandatory_done: int
    mandatory_total: int
    percent: int


class EffectOut(Wire):
    """What a service reported for a task, forward or back."""

    task: str = ""
    kind: str = ""
    object: str = ""
    outcome: str = ""
    reason: str = ""


class TaskOut(Wire):
    """One task as the caller sees it. `may` names the actions open to her now; `due` is the last day."""

    id: str
    title: str
    stage: str
    department: str
    department_title: str
    kind: Kind
    state: TaskStatus
    mandatory: bool
    due: date | None
    due_at: datetime | None
    due_state: DueState
    due_provisional: bool
    waiting_for: list[str]
    result: dict[str, Any]
    outcome: str | None
    reason: str
    effects: list[EffectOut]
    settled_at: datetime | None
    needs_human: bool
    guide: str
    law: str
    may: list[str]

    @classmethod
    def of(cls, view: TaskView, department: str) -> Self:
        """From the engine's view of a task."""
        return cls(
            id=view.id,
            title=view.title,
            stage=view.stage,
            department=department,
            department_title=view.department,
            kind=Kind(view.kind),
            state=TaskStatus(view.state),
            mandatory=view.mandatory,
            due=view.due,
            due_at=view.due_at,
            due_state=DueState(view.due_state),
            due_provisional=view.provisional,
            waiting_for=list(view.waiting_for),
            result=dict(view.result),
            outcome=view.outcome,
            reason=view.reason,
            effects=[
                EffectOut(**{name: str(effect.get(name, "")) for name in EffectOut.model_fields})
                for effect in view.effects
            ],
            settled_at=view.settled_at,
            needs_human=view.needs_human,
            guide=view.guide,
            law=view.law,
            may=list(view.may),
        )


class MatterOut(Wire):
    """A matter: which plan it follows, how far it is, and its tasks as far as the caller may see them."""

    case_id: str
    definition: str
    title: str
    version: int
    state: str
    person_id: PersonId
    opened_at: datetime
    milestones: dict[str, datetime]
    progress: ProgressOut
    followed_up_at: datetime | None
    tasks: list[TaskOut]

    @classmethod
    def of(cls, unit: UnitOfWork, matter: Matter, definition: Definition, state: MatterState) -> Self:
        """As the caller's role sees it."""
        found = state.progress
        return cls(
            case_id=matter.id,
            definition=definition.id,
            title=definition.title,
            version=definition.version,
            state=state.status,
            person_id=matter.person_id,
            opened_at=matter.opened_at,
            milestones=dict(state.milestones),
            progress=ProgressOut(
                done=found.done,
                total=found.total,
                mandatory_done=found.mandatory_done,
                mandatory_total=found.mandatory_total,
                percent=found.percent,
            ),
            followed_up_at=state.followed_up_at,
            tasks=[
                TaskOut.of(view, definition.tasks_by_id[view.id].department)
                for view in tasks_for(state, definition, unit.principal.role.value)
            ],
        )


class StepOut(Wire):
    """How one task stands after a step, and the matter with it."""

    case_id: str
    task_id: str
    state: TaskStatus
    matter_state: str
    may: list[str]

    @classmethod
    def of(cls, unit: UnitOfWork, case_id: str, task_id: str, state: MatterState, definition: Definition) -> Self:
        """From the state after the step."""
        open_now = allowed(state, definition, unit.principal.role.value)
        return cls(
            case_id=case_id,
            task_id=task_id,
            state=state.tasks[task_id].status,
            matter_state=state.status,
            may=sorted(one.action.value for one in open_now if one.task == task_id),
        )


class CompleteIn(Wire):
    """The task is done. `result` as the definition says; `nothing_to_do` needs a reason and has no result."""

    result: dict[str, Any] = Field(default_factory=dict, max_length=50)
    outcome: Literal[Outcome.DONE, Outcome.NOTHING_TO_DO] = Outcome.DONE
    reason: LongText | None = None


class ReasonIn(Wire):
    """Why."""

    reason: LongText


class MaterialIn(Wire):
    """A paper came in; `file_id` names the stored file, if one was uploaded."""

    material: ShortText
    file_id: ShortText | None = None


class AppointmentIn(Wire):
    """The day the family chose."""

    on: date


class MigrationIn(Wire):
    """Which version to move to; `dryRun` shows the changes and makes none."""

    to_version: Annotated[int, Field(ge=1, le=32_000)]
    dry_run: bool = True


class ChangeOut(Wire):
    """One difference the move makes; `task` is empty for the matter itself."""

    task: str
    what: str
    before: str | None
    after: str | None


class MigrationOut(Wire):
    """What the move changes, and why it may not be made."""

    from_version: int
    to_version: int
    is_possible: bool
    is_done: bool
    changes: list[ChangeOut]
    refusals: list[str]

    @classmethod
    def of(cls, plan: MigrationPlan, *, is_done: bool) -> Self:
        """From the engine's plan."""
        return cls(
            from_version=plan.from_version,
            to_version=plan.to_version,
            is_possible=plan.is_possible,
            is_done=is_done,
            changes=[ChangeOut.model_validate(change) for change in plan.changes],
            refusals=list(plan.refusals),
        )


class WorkItem(Wire):
    """One line of the work list."""

    case_id: str
    task_id: str
    title: str
    person_id: PersonId
    area_code: str
    department: str
    kind: Kind
    state: TaskStatus
    mandatory: bool
    needs_human: bool
    due: date | None
    due_at: datetime | None
    due_state: DueState

    @classmethod
    def of(cls, unit: UnitOfWork, task: MatterTask) -> Self:
        """How the task stands now."""
        return cls(
            case_id=task.matter_id,
            task_id=task.task_id,
            title=service.title_of(task),
            person_id=task.person_id,
            area_code=task.area_code,
            department=task.department,
            kind=Kind(task.kind),
            state=TaskStatus(task.status),
            mandatory=task.mandatory,
            needs_human=task.needs_human,
            due=task.due_on,
            due_at=task.due_at,
            due_state=_due_state(task, unit.now),
        )


def _due_state(task: MatterTask, now: datetime) -> DueState:
    if task.due_at is None:
        return DueState.NONE
    moment = task.settled_at if task.status == "DONE" and task.settled_at else now
    if moment >= task.due_at:
        return DueState.OVERDUE
    return DueState.WARNING if task.warn_at is not None and moment >= task.warn_at else DueState.ON_TIME


TaskId = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+$")]
Department = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
