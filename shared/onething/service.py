"""Running matters: every step locks the matter, folds its history, appends what the state allows, and starts
what follows from it — in the caller's unit of work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlmodel import col

from shared.china import working_days
from shared.db.principals import Role
from shared.db.problems import Conflict, NotFound
from shared.db.unit import UnitOfWork
from shared.events.contract import Envelope
from shared.events.handling import Subscription, on_timer
from shared.events.timers import Timer, set_timer
from shared.onething import actions as act
from shared.onething import store
from shared.onething.actions import Action, ActionKind
from shared.onething.availability import refusal
from shared.onething.definition import Definition, Kind
from shared.onething.due import Calendar
from shared.onething.fold import MatterFold
from shared.onething.hooks import Hooks, Participant, TaskChange
from shared.onething.migration import MigrationPlan, plan
from shared.onething.moments import next_moment, pending
from shared.onething.outcomes import call_outcome, undo_outcome
from shared.onething.problems import DefinitionChanged, MatterNotFound, problem_of
from shared.onething.registry import Definitions
from shared.onething.state import MatterState, TaskStatus
from shared.onething.tables import Matter, MatterTask

TIMER = "onething.moment"
_ENGINE = "system:onething"


class OneThing:
    """The matters of one service."""

    def __init__(self, definitions: Definitions, hooks: Hooks, calendar: Calendar = working_days) -> None:
        self.definitions = definitions
        self._hooks = hooks
        self._calendar = calendar
        self._held: WeakKeyDictionary[UnitOfWork, dict[str, tuple[Matter, MatterFold]]] = WeakKeyDictionary()

    # ── opening and stepping ──────────────────────────────────────────────────────────────────

    async def open(
        self,
        unit: UnitOfWork,
        definition_id: str,
        matter_id: str,
        *,
        person_id: str,
        area_code: str,
        participants: Iterable[Participant] = (),
        facts: Mapping[str, bool] | None = None,
    ) -> MatterState:
        """Open a matter under the newest version. Its id is the case's id; opening it twice is a conflict."""
        definition = self.definitions.newest(definition_id)
        matter = await store.insert_matter(
            unit,
            Matter(
                id=matter_id,
                definition_id=definition.id,
                version=definition.version,
                digest=definition.digest,
                person_id=person_id,
                area_code=area_code,
                status=definition.initial_state,
                opened_at=unit.now,
            ),
        )
        for participant in participants:
            await self.add_participant(unit, matter, participant)
        opening = act.opened(unit.now, unit.principal.account_id, facts=facts)
        return await self._append(unit, matter, MatterFold(definition), [opening], None)

    async def add_participant(self, unit: UnitOfWork, matter: Matter, participant: Participant) -> None:
        """Let a person follow the matter; a second time changes nothing."""
        await store.insert_participant(unit, matter, participant.person_id, participant.relation)

    async def remove_participant(self, unit: UnitOfWork, person_id: str, participant_id: str) -> None:
        """She follows the matters of this person no longer, ended ones neither."""
        await store.delete_participant(unit, person_id, participant_id)

    async def record(self, unit: UnitOfWork, matter_id: str, *actions: Action) -> MatterState:
        """Append actions the caller has decided on. The state alone may refuse: Conflict, Invalid, NotFound."""
        matter, fold = await self._locked(unit, matter_id)
        return await self._append(unit, matter, fold, actions, None)

    async def act(self, unit: UnitOfWork, matter_id: str, action: Action) -> MatterState:
        """Append a task action of the person signed in: also her role may be refused (Forbidden)."""
        matter, fold = await self._locked(unit, matter_id)
        role = unit.principal.role
        return await self._append(unit, matter, fold, [action], None if role is Role.SYSTEM else role.value)

    async def answer(
        self, unit: UnitOfWork, matter_id: str, source: str, effects: Sequence[Mapping[str, Any]]
    ) -> MatterState:
        """Fold in another service's settled or unsettled event; `source` is its type."""
        return await self.record(unit, matter_id, act.answer_received(unit.now, _by(unit), source, effects))

    async def call_outcome(
        self,
        unit: UnitOfWork,
        matter_id: str,
        task_id: str,
        *,
        outcome: str,
        result: Mapping[str, Any] | None = None,
        reason: str = "",
        is_undo: bool = False,
    ) -> MatterState:
        """What became of an outgoing call: `answered | retrying | refused | manual`.

        The department's answer may carry `outcome` (`nothing_to_do`, `needs_human`) and `reason` beside the fields of
        the task's result. An answer that does not fit goes to people, like a refusal. What comes too late for the
        state it was about is dropped.
        """
        matter, fold = await self._locked(unit, matter_id)
        task = fold.definition.tasks_by_id.get(task_id)
        if task is None:
            raise NotFound("task_unknown", "该事项没有这个任务")
        mean = undo_outcome if is_undo else call_outcome
        happened = mean(unit.now, _by(unit), task, outcome, dict(result or {}), reason)
        state = fold.view(unit.now, self._calendar)
        if refusal(state, fold.definition, happened[0]) is not None:
            return state
        return await self._append(unit, matter, fold, happened, None)

    # ── time ──────────────────────────────────────────────────────────────────────────────────

    def timers(self) -> list[Subscription]:
        """The service's subscription for the timers of its matters."""
        return [on_timer(TIMER, self._on_timer)]

    async def _on_timer(self, unit: UnitOfWork, timer: Timer, _envelope: Envelope) -> None:
        """Record what time has done, and set the next timer."""
        matter, fold = await self._locked(unit, timer.payload["matter"])
        now = max(unit.now, timer.due_at)
        state, definition = fold.view(now, self._calendar), fold.definition
        happened = [
            Action(moment.kind, now, _ENGINE, moment.task or None, _told(moment.kind, definition))
            for moment in pending(state, definition, now, self._calendar)
        ]
        matter.next_moment_at = None
        await self._append(unit, matter, fold, happened, None)

    async def refresh_provisional(self, unit: UnitOfWork, limit: int = 200) -> int:
        """Compute provisional due dates anew once a year's holidays are published; returns how many matters."""
        statement = select(MatterTask.matter_id).where(col(MatterTask.due_provisional)).distinct()  # type: ignore[call-overload]
        found = await unit.all(statement.order_by(MatterTask.matter_id).limit(limit))
        for matter_id in found:
            matter, fold = await self._locked(unit, matter_id)
            await self._append(unit, matter, fold, [], None, everything=True)
        return len(found)

    # ── reading ───────────────────────────────────────────────────────────────────────────────

    async def state(self, unit: UnitOfWork, matter_id: str) -> tuple[Matter, Definition, MatterState]:
        """The matter as it stands now; NotFound when it is out of scope."""
        matter = await unit.session.get(Matter, matter_id)
        if matter is None:
            raise MatterNotFound
        definition = self.definition_of(matter)
        fold = MatterFold(definition).extend(await store.history(unit, matter_id))
        return matter, definition, fold.view(unit.now, self._calendar)

    async def history(self, unit: UnitOfWork, matter_id: str) -> list[Action]:
        """All actions, oldest first; for `presenting.timeline`."""
        return await store.history(unit, matter_id)

    def definition_of(self, matter: Matter) -> Definition:
        """The version the matter pinned; DefinitionChanged when the file is not what it was."""
        definition = self.definitions.get(matter.definition_id, matter.version)
        if definition.digest != matter.digest:
            raise DefinitionChanged(f"{definition.id}.v{definition.version} was changed after it was published")
        return definition

    async def check_pinned(self, unit: UnitOfWork) -> None:
        """For start-up: every version a matter pins is loaded and unchanged."""
        loaded = {(found.id, found.version): found.digest for found in self.definitions}
        pinned = await store.pinned(unit)
        faults = [f"{name}.v{version}" for name, version, digest in pinned if loaded.get((name, version)) != digest]
        if faults:
            raise DefinitionChanged(f"changed or missing after publication: {', '.join(sorted(faults))}")

    # ── moving to another version ─────────────────────────────────────────────────────────────

    async def plan_migration(self, unit: UnitOfWork, matter_id: str, to_version: int) -> MigrationPlan:
        """The dry run: what the move would change, and why it may not be made."""
        matter, old, _ = await self.state(unit, matter_id)
        new = self.definitions.get(matter.definition_id, to_version)
        return plan(await store.history(unit, matter_id), old, new, unit.now, self._calendar)

    async def migrate(self, unit: UnitOfWork, matter_id: str, to_version: int) -> MigrationPlan:
        """Move the matter. Raises Conflict with the plan's refusals."""
        matter, fold = await self._locked(unit, matter_id)
        old, new = fold.definition, self.definitions.get(matter.definition_id, to_version)
        history = await store.history(unit, matter_id)
        found = plan(history, old, new, unit.now, self._calendar)
        if not found.is_possible:
            raise Conflict("migration_refused", "；".join(found.refusals))
        matter.version, matter.digest = new.version, new.digest
        moved = act.migrated(unit.now, _by(unit), from_version=old.version, to_version=new.version, digest=new.digest)
        await store.remove_tasks(unit, matter, old.tasks_by_id.keys() - new.tasks_by_id.keys())
        await self._append(unit, matter, MatterFold(new).extend(history), [moved], None, everything=True)
        return found

    # ── the one way in ────────────────────────────────────────────────────────────────────────

    async def _locked(self, unit: UnitOfWork, matter_id: str) -> tuple[Matter, MatterFold]:
        """The matter and its history, under lock until the unit ends. A later step of the same unit goes on from
        where this one leaves it: nobody else can have written in between."""
        held = self._held.get(unit, {}).pop(matter_id, None)
        if held is not None:
            return held
        matter = await unit.session.get(Matter, matter_id, with_for_update=True, populate_existing=True)
        if matter is None:
            raise MatterNotFound
        return matter, MatterFold(self.definition_of(matter)).extend(await store.history(unit, matter_id))

    async def _append(
        self,
        unit: UnitOfWork,
        matter: Matter,
        fold: MatterFold,
        actions: Sequence[Action],
        role: str | None,
        *,
        everything: bool = False,
    ) -> MatterState:
        """Append under the matter's lock, start what became ready, and bring projection, timer and audit along.

        `everything` writes the whole projection anew, for when more than the history has changed.
        """
        definition = fold.definition
        before = fold.view(unit.now, self._calendar) if fold.actions else None
        state = before or fold.view(unit.now, self._calendar)
        added: list[Action] = []
        for action in actions:
            found = refusal(state, definition, action, role)
            if found is not None:
                raise problem_of(found)
            fold.apply(action)
            added.append(action)
            state = fold.view(unit.now, self._calendar)
        started = await self._start(unit, matter, definition, before, state)
        for action in started:
            fold.apply(action)
        if started:
            state = fold.view(unit.now, self._calendar)
        added += started
        changes = [
            TaskChange(definition.tasks_by_id[task_id], before.tasks.get(task_id) if before else None, task)
            for task_id, task in state.tasks.items()
        ]
        await store.append(unit, matter, added)
        await store.project(
            unit, matter, state, [change for change in changes if everything or change.before != change.after]
        )
        await self._set_timer(unit, matter, state, definition)
        await unit.flush()
        await self._tell(unit, matter, changes)
        _audit(unit, matter, added)
        self._held.setdefault(unit, {})[matter.id] = matter, fold
        return state

    async def _start(
        self, unit: UnitOfWork, matter: Matter, definition: Definition, before: MatterState | None, state: MatterState
    ) -> list[Action]:
        """Place the calls of tasks that have just become ready, or have just to be undone.

        What follows from a person's action is the system's doing: a resident who signs a paper starts a call she could
        not place herself.
        """
        ready, undoing = [], []
        for task_id, found in state.tasks.items():
            task = definition.tasks_by_id[task_id]
            earlier = before.tasks[task_id].status if before and task_id in before.tasks else None
            if earlier is not found.status:
                if found.status is TaskStatus.READY and task.kind is Kind.CALL:
                    ready.append(task)
                elif found.status is TaskStatus.COMPENSATING and task.undo.kind == "call":
                    undoing.append(task)
        if not ready and not undoing:
            return []
        started: list[Action] = []
        async with unit.elevated("onething.calls"):
            for tasks, place, sent in (
                (ready, self._hooks.on_ready, act.call_sent),
                (undoing, self._hooks.on_undo, act.compensation_sent),
            ):
                for task in tasks:
                    call_id = await place(unit, matter, task)
                    if call_id is not None:
                        started.append(sent(unit.now, _ENGINE, task.id, call_id=call_id))
        return started

    async def _tell(self, unit: UnitOfWork, matter: Matter, changes: Sequence[TaskChange]) -> None:
        news = [change for change in changes if change.is_news]
        if not news:
            return
        async with unit.elevated("onething.changes"):
            for change in news:
                await self._hooks.on_change(unit, matter, change)

    async def _set_timer(self, unit: UnitOfWork, matter: Matter, state: MatterState, definition: Definition) -> None:
        moment = next_moment(state, definition, unit.now, self._calendar)
        if moment is not None and moment != matter.next_moment_at:
            await set_timer(unit, TIMER, f"{matter.id}/{moment.isoformat()}", moment, {"matter": matter.id})
        matter.next_moment_at = moment


def _told(kind: ActionKind, definition: Definition) -> dict[str, Any]:
    if kind is ActionKind.ESCALATED and definition.escalation is not None:
        return {"to": definition.escalation.to}
    return {}


def _by(unit: UnitOfWork) -> str:
    return unit.principal.account_id


def _audit(unit: UnitOfWork, matter: Matter, added: Sequence[Action]) -> None:
    told = unit.audit.detail.get("matterActions", [])
    told = [*told, *({"kind": action.kind.value, "task": action.task} for action in added)]
    unit.note(case_id=matter.id, subjects=[matter.person_id], detail={"matterActions": told})
