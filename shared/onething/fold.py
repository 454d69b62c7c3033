"""The state of a matter as a pure fold over its append-only actions.

The fold is total: an action that no longer fits (a second completion, an answer after the end) leaves what
it found, so a stored history can always be read. Whether an action *may* be appended is decided before, in
`availability.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.definition import OPENED, Definition, Milestone, Task, When
from shared.onething.due import Calendar
from shared.onething.state import SETTLED, UNDONE, Ending, MatterState, TaskStatus
from shared.onething.task_fold import TRANSITIONS, TaskFold
from shared.onething.view import view


def state(
    actions: Iterable[Action], definition: Definition, now: datetime, calendar: Calendar | None = None
) -> MatterState:
    """Fold a history. Without a calendar no due dates are computed; `now` decides only what is late."""
    return MatterFold(definition).extend(actions).view(now, calendar)


class MatterFold:
    """A fold that can go on: `extend` a stored history, look, `apply` one more action, look again."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.tasks = {task.id: TaskFold(task) for task in definition.tasks}
        self.milestones: dict[str, datetime] = {}
        self.facts: dict[str, bool] = {}
        self.evidence: dict[str, str] = {}
        self.unplaced: list[Mapping[str, Any]] = []
        self.ending: Ending | None = None
        self.followed_up_at: datetime | None = None
        self.actions = 0

    def extend(self, actions: Iterable[Action]) -> Self:
        for action in actions:
            self.apply(action)
        return self

    def apply(self, action: Action) -> None:
        self.actions += 1
        if action.task is None:
            self._settle(action, self._of_matter[action.kind](self, action))
        elif (task := self.tasks.get(action.task)) is not None:
            TRANSITIONS[action.kind](task, action, self.ending is not None)
            self._settle(action, [task])

    def view(self, now: datetime, calendar: Calendar | None = None) -> MatterState:
        return view(self, now, calendar)

    # ── what each action of the matter does, and the tasks that feel it first ─────────────────

    def _opened(self, action: Action) -> Iterable[TaskFold]:
        self.milestones.setdefault(OPENED, action.at)
        self.facts.update(action.data["facts"])
        return self.tasks.values()

    def _fact_set(self, action: Action) -> Iterable[TaskFold]:
        self.facts.update(action.data["facts"])
        return self.tasks.values()

    def _milestone(self, action: Action) -> Iterable[TaskFold]:
        self.facts.update(action.data["facts"])
        self.milestones.setdefault(action.data["milestone"], action.at)
        return self.tasks.values()

    def _evidence(self, action: Action) -> Iterable[TaskFold]:
        evidence_id, kind = action.data["evidenceId"], action.data["kind"]
        self.evidence[evidence_id] = kind
        touched: list[TaskFold] = []
        if self.ending is not None:
            return touched
        for task in self.definition.tasks_for_evidence(kind):
            found = self.tasks[task.id]
            if found.status is not TaskStatus.DONE:
                given = action.data["result"]
                found.result = {name: given[name] for name in task.result if name in given}
                found.finish(action, TaskStatus.DONE, Outcome.DONE)
                found.by_evidence.add(evidence_id)
                touched.append(found)
            elif found.by_evidence:
                found.by_evidence.add(evidence_id)
        return touched

    def _evidence_withdrawn(self, action: Action) -> Iterable[TaskFold]:
        self.evidence.pop(action.data["evidenceId"], None)
        touched = [task for task in self.tasks.values() if action.data["evidenceId"] in task.by_evidence]
        for task in touched:
            task.withdraw(action.data["evidenceId"])
        return touched

    def _answer_received(self, action: Action) -> Iterable[TaskFold]:
        touched: list[TaskFold] = []
        source = action.data["source"]
        by_task: dict[str, list[Mapping[str, Any]]] = {}
        for effect in action.data["effects"]:
            if effect.get("task") in self.tasks:
                by_task.setdefault(effect["task"], []).append(effect)
            else:
                self.unplaced.append(effect)
        for task in self.tasks.values():
            named = by_task.get(task.task.id, [])
            if not named and source not in task.task.waits_for + task.task.undo.waits_for:
                continue
            task.hear(source, named)
            touched.append(task)
            if source in task.task.undo.waits_for:
                continue
            if self.ending is not None:
                if task.status in UNDONE and task.has_consequences():
                    task.start_undoing(action)
            elif task.status is TaskStatus.DONE:
                task.came_too_late = any(
                    effect.get("outcome") == Outcome.NEEDS_HUMAN for effect in task.forward_effects()
                )
        return touched

    def _follow_up(self, action: Action) -> Iterable[TaskFold]:
        self.followed_up_at = self.followed_up_at or action.at
        return ()

    def _end(self, action: Action) -> Iterable[TaskFold]:
        if self.ending is None:
            self.ending = Ending.REVOKING if action.kind is ActionKind.REVOKING else Ending.DISMISSED
            for task in self.tasks.values():
                task.end(action)
        return self.tasks.values()

    def _migrated(self, _action: Action) -> Iterable[TaskFold]:
        """The same actions, read with another definition: nothing else changes."""
        return ()

    _of_matter: ClassVar[Mapping[ActionKind, Callable[[MatterFold, Action], Iterable[TaskFold]]]] = {
        ActionKind.OPENED: _opened,
        ActionKind.FACT_SET: _fact_set,
        ActionKind.MILESTONE: _milestone,
        ActionKind.EVIDENCE: _evidence,
        ActionKind.EVIDENCE_WITHDRAWN: _evidence_withdrawn,
        ActionKind.ANSWER_RECEIVED: _answer_received,
        ActionKind.FOLLOW_UP: _follow_up,
        ActionKind.DISMISSED: _end,
        ActionKind.REVOKING: _end,
        ActionKind.MIGRATED: _migrated,
    }

    # ── what follows by itself ────────────────────────────────────────────────────────────────

    def _settle(self, action: Action, touched: Iterable[TaskFold]) -> None:
        """Gates, gathered answers and milestones: from the tasks touched on to all that hang on them."""
        if self.ending is not None:
            for task in touched:
                task.gather_back(action)
            self._conclude()
            return
        queue = deque(touched)
        while queue:
            task = queue.popleft()
            if task.is_gated:
                self._gate(task, action)
            task.gather(action)
            if task.is_settled is not (task.status in SETTLED):
                task.is_settled = not task.is_settled
                queue.extend(self.tasks[task_id] for task_id in self.definition.behind(task.task.id))
            if not queue:
                for milestone_id in self._reach(action):
                    queue.extend(task for task in self.tasks.values() if task.task.start == milestone_id)

    def _conclude(self) -> None:
        if self.ending in (Ending.REVOKING, Ending.REVOKED):
            is_undone = all(task.status in UNDONE for task in self.tasks.values())
            self.ending = Ending.REVOKED if is_undone else Ending.REVOKING

    def _gate(self, task: TaskFold, action: Action) -> None:
        applies = self._applies(task.task)
        if applies is False:
            task.status, task.waiting_for, task.ready_at = TaskStatus.SKIPPED, (), None
            return
        hindrances = tuple(self._hindrances(task, applies))
        if hindrances:
            task.status, task.waiting_for, task.ready_at = TaskStatus.WAITING, hindrances, None
        else:
            task.start(action.at)

    def _applies(self, task: Task) -> bool | None:
        """Three-valued: None while a fact that matters is unknown."""
        if not task.when.facts:
            return True
        started = task.start in self.milestones

        def known(fact: str) -> bool | None:
            return self.facts.get(fact, self.definition.facts[fact].assume if started else None)

        return _evaluate(task.when, known)

    def _hindrances(self, task: TaskFold, applies: bool | None) -> Iterator[str]:
        if task.task.start not in self.milestones:
            yield f"milestone:{task.task.start}"
        elif applies is None:
            for fact in task.task.when.facts:
                if fact not in self.facts and self.definition.facts[fact].assume is None:
                    yield f"fact:{fact}"
        for needed in task.task.needs:
            if self.tasks[needed].status not in SETTLED:
                yield needed
        for material in sorted(task.task.required_materials - task.materials.keys()):
            yield f"material:{material}"

    def _reach(self, action: Action) -> list[str]:
        reached = []
        for milestone in self.definition.milestones:
            if not milestone.signal and milestone.id not in self.milestones and self._is_met(milestone):
                self.milestones[milestone.id] = action.at
                reached.append(milestone.id)
        return reached + (self._reach(action) if reached else [])

    def _is_met(self, milestone: Milestone) -> bool:
        required = self.definition.tasks_of(milestone)
        return all(after in self.milestones for after in milestone.after) and all(
            self.tasks[task_id].status in SETTLED for task_id in required
        )


def _evaluate(when: When, known: Callable[[str], bool | None]) -> bool | None:
    parts: list[bool | None] = [known(fact) for fact in when.all]
    parts += [None if (value := known(fact)) is None else not value for fact in when.none]
    if when.any:
        values = [known(fact) for fact in when.any]
        parts.append(True if True in values else None if None in values else False)
    if False in parts:
        return False
    return None if None in parts else True
