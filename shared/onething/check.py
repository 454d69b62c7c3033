"""Judges a definition before it is loaded: every fault, each with its place. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.onething.definition import (
    OPENED,
    READY,
    Compensation,
    Definition,
    FieldType,
    Kind,
    Milestone,
    Roles,
    Task,
)
from shared.onething.reading import Fault

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a definition may speak of, because somewhere there is code for it."""

    events: frozenset[str]
    """Event types of all contracts, `relief.death.settled.v1`."""
    adapters: frozenset[str]
    """Operations of outside departments, `police.cancel_registration`."""
    facts: frozenset[str]
    departments: frozenset[str]
    roles: frozenset[str]
    evidence: frozenset[str]


def check(definition: Definition, vocabulary: Vocabulary) -> list[Fault]:
    """Everything that is wrong, in the order of the file. An empty list: it may be published."""
    return [
        *_head(definition, vocabulary),
        *_tasks(definition, vocabulary),
        *_milestones(definition),
        *_flow(definition),
    ]


# ── the head ──────────────────────────────────────────────────────────────────────────────────────


def _head(definition: Definition, vocabulary: Vocabulary) -> Iterator[Fault]:
    milestones = _milestone_ids(definition)
    yield from _unknown("departments", definition.departments, vocabulary.departments, "department")
    yield from _unknown("facts", definition.facts, vocabulary.facts, "fact")
    yield from _unknown("evidence", definition.evidence, vocabulary.evidence, "evidence")
    yield from _roles("roles", definition.roles, vocabulary)
    yield from _unknown("clock", [definition.clock], milestones, "milestone")
    if definition.escalation is not None:
        yield from _unknown("escalation.to", [definition.escalation.to], vocabulary.roles, "role")
    if definition.follow_up is not None:
        yield from _unknown("follow_up.to", [definition.follow_up.to], vocabulary.roles, "role")
        yield from _unknown("follow_up.clock", [definition.follow_up.clock], milestones, "milestone")
    yield from _twice("stages", [stage.id for stage in definition.stages])
    used_stages = {task.stage for task in definition.tasks}
    for index, stage in enumerate(definition.stages):
        if stage.id not in used_stages:
            yield Fault(f"stages[{index}]", "unused", f"stage {stage.id} has no task")
    used_facts = {fact for task in definition.tasks for fact in task.when.facts}
    for fact in definition.facts:
        if fact not in used_facts:
            yield Fault(f"facts.{fact}", "unused", f"no task depends on fact {fact}")
    used_evidence = {kind for task in definition.tasks for kind in task.evidence}
    for kind in definition.evidence:
        if kind not in used_evidence:
            yield Fault(f"evidence.{kind}", "unused", f"evidence {kind} completes no task")


def _roles(place: str, roles: Roles, vocabulary: Vocabulary) -> Iterator[Fault]:
    for name in ("see", "handle", "waive"):
        yield from _unknown(f"{place}.{name}", getattr(roles, name), vocabulary.roles, "role")


# ── the tasks ─────────────────────────────────────────────────────────────────────────────────────


def _tasks(definition: Definition, vocabulary: Vocabulary) -> Iterator[Fault]:
    yield from _twice("tasks", [task.id for task in definition.tasks])
    for task in definition.tasks:
        place = f"tasks.{task.id}"
        if not _NAME.fullmatch(task.id):
            yield Fault(place, "bad_id", "an id is a letter followed by letters, digits or _")
        yield from _task_words(place, task, definition, vocabulary)
        yield from _task_kind(place, task, vocabulary)
        yield from _task_limit(place, task, definition)
        yield from _task_compensation(place, task, vocabulary)
        for name, field in task.result.items():
            if not _NAME.fullmatch(name):
                yield Fault(
                    f"{place}.result.{name}",
                    "bad_id",
                    "a field name is a letter followed by letters or digits",
                )
            if (field.type is FieldType.CHOICE) is not bool(field.choices):
                yield Fault(f"{place}.result.{name}", "bad_choices", "a choice, and only a choice, lists its choices")


def _task_words(place: str, task: Task, definition: Definition, vocabulary: Vocabulary) -> Iterator[Fault]:
    yield from _unknown(f"{place}.stage", [task.stage], {stage.id for stage in definition.stages}, "stage")
    yield from _unknown(f"{place}.department", [task.department], definition.departments, "department")
    yield from _unknown(f"{place}.start", [task.start], _milestone_ids(definition), "milestone")
    yield from _unknown(f"{place}.needs", task.needs, definition.tasks_by_id, "task")
    yield from _unknown(f"{place}.when", task.when.facts, definition.facts, "fact")
    yield from _unknown(f"{place}.evidence", task.evidence, definition.evidence, "evidence")
    if task.roles is not None:
        yield from _roles(f"{place}.roles", task.roles, vocabulary)
    for word, values in (("needs", task.needs), ("evidence", task.evidence), ("waits_for", task.waits_for)):
        yield from _twice(f"{place}.{word}", values)


def _task_kind(place: str, task: Task, vocabulary: Vocabulary) -> Iterator[Fault]:
    yield from _unknown(f"{place}.waits_for", task.waits_for, vocabulary.events, "event")
    if task.operation is not None:
        yield from _unknown(f"{place}.operation", [task.operation], vocabulary.adapters, "adapter")
    if (task.kind is Kind.ANSWER) is not bool(task.waits_for):
        yield Fault(f"{place}.waits_for", "wrong_kind", "an answer task, and only that, waits for events")
    if (task.kind is Kind.CALL) is not (task.operation is not None):
        yield Fault(f"{place}.operation", "wrong_kind", "a call task, and only that, names an operation")


def _task_limit(place: str, task: Task, definition: Definition) -> Iterator[Fault]:
    if task.limit is None or isinstance(task.limit, str) or task.limit.clock is None:
        return
    clock, place = task.limit.clock, f"{place}.limit.clock"
    if "." not in clock:
        yield from _unknown(place, [clock], {READY, *_milestone_ids(definition)}, "milestone")
        return
    other, name = clock.split(".", 1)
    source = definition.tasks_by_id.get(other)
    if source is None or name not in source.result:
        yield Fault(place, "unknown_field", f"no task has a result field {clock}")
    elif source.result[name].type is not FieldType.DATETIME:
        yield Fault(place, "not_an_instant", f"{clock} is no datetime")


def _task_compensation(place: str, task: Task, vocabulary: Vocabulary) -> Iterator[Fault]:
    undo, place = task.compensation, f"{place}.compensation"
    if undo is None:
        yield Fault(place, "missing_compensation", "say how the task is undone, or `kind: none` and why not")
        return
    yield from _unknown(f"{place}.waits_for", undo.waits_for, vocabulary.events, "event")
    if undo.operation is not None:
        yield from _unknown(f"{place}.operation", [undo.operation], vocabulary.adapters, "adapter")
    yield from _compensation_kind(place, undo)
    if set(undo.waits_for) & set(task.waits_for):
        yield Fault(f"{place}.waits_for", "same_event", "the way back must wait for another event than the way there")


def _compensation_kind(place: str, undo: Compensation) -> Iterator[Fault]:
    if (undo.kind == "answer") is not bool(undo.waits_for):
        yield Fault(f"{place}.waits_for", "wrong_kind", "an answer compensation, and only that, waits for events")
    if (undo.kind == "call") is not (undo.operation is not None):
        yield Fault(f"{place}.operation", "wrong_kind", "a call compensation, and only that, names an operation")
    if undo.kind == "none" and not undo.reason:
        yield Fault(f"{place}.reason", "missing_reason", "say why there is nothing to undo")
    if undo.kind != "none" and not undo.title:
        yield Fault(f"{place}.title", "missing_title", "say what is to be undone")


# ── the milestones ────────────────────────────────────────────────────────────────────────────────


def _milestones(definition: Definition) -> Iterator[Fault]:
    ids = _milestone_ids(definition)
    mandatory = {task.id for task in definition.tasks if task.mandatory}
    yield from _twice("milestones", [milestone.id for milestone in definition.milestones])
    for milestone in definition.milestones:
        place = f"milestones.{milestone.id}"
        if milestone.id in (OPENED, READY) or not _NAME.fullmatch(milestone.id):
            yield Fault(place, "bad_id", f"{milestone.id} cannot be the id of a milestone")
        yield from _unknown(f"{place}.after", milestone.after, ids, "milestone")
        yield from _unknown(f"{place}.tasks", milestone.tasks, definition.tasks_by_id, "task")
        yield from _unknown(f"{place}.apart_from", milestone.apart_from, mandatory, "mandatory task")
        derived = bool(milestone.tasks or milestone.mandatory)
        if milestone.signal and derived:
            yield Fault(place, "two_ways", "a signalled milestone is not also reached by tasks")
        if not (milestone.signal or derived or milestone.after):
            yield Fault(place, "never_reached", "say what reaches the milestone")
    closing = [milestone.id for milestone in definition.milestones if milestone.closes]
    if len(closing) != 1:
        yield Fault("milestones", "close_rule", f"exactly one milestone closes the matter, found {len(closing)}")
    if not mandatory:
        yield Fault("tasks", "no_mandatory_task", "a matter without a mandatory task would be done before it began")
    covered = {task_id for milestone in _before_closing(definition) for task_id in definition.tasks_of(milestone)}
    for task_id in sorted(mandatory - covered):
        yield Fault(f"tasks.{task_id}", "not_in_close_rule", "mandatory, but the matter closes without it")


def _before_closing(definition: Definition) -> list[Milestone]:
    """The closing milestone and all that must be reached before it."""
    by_id, found = definition.milestones_by_id, set[str]()
    queue = [milestone.id for milestone in definition.milestones if milestone.closes]
    while queue:
        current = by_id.get(queue.pop())
        if current is not None and current.id not in found:
            found.add(current.id)
            queue.extend(current.after)
    return [by_id[milestone_id] for milestone_id in found]


# ── the flow: tasks and milestones as one graph ───────────────────────────────────────────────────


def _flow(definition: Definition) -> Iterator[Fault]:
    graph = _graph(definition)
    for cycle in _cycles(graph):
        yield Fault(_place_of(cycle[0]), "cycle", " → ".join(_plain(node) for node in cycle))
    reachable = _reachable(definition, graph)
    for task in definition.tasks:
        contradiction = (set(task.when.all) & set(task.when.none)) or (
            task.when.any and set(task.when.any) <= set(task.when.none)
        )
        if contradiction:
            yield Fault(f"tasks.{task.id}.when", "contradiction", "no facts can make this task apply")
        if contradiction or f"task:{task.id}" not in reachable:
            yield Fault(f"tasks.{task.id}", "unreachable", "the task can never start")
            if task.mandatory:
                yield Fault(f"tasks.{task.id}", "mandatory_never_starts", "a mandatory task can never start")
    for milestone in definition.milestones:
        if f"milestone:{milestone.id}" not in reachable:
            yield Fault(f"milestones.{milestone.id}", "unreachable", "the milestone can never be reached")


def _graph(definition: Definition) -> dict[str, list[str]]:
    """Each node with what must come before it."""
    graph = {f"milestone:{OPENED}": list[str]()}
    for task in definition.tasks:
        graph[f"task:{task.id}"] = [f"milestone:{task.start}", *(f"task:{needed}" for needed in task.needs)]
    for milestone in definition.milestones:
        before = [f"milestone:{after}" for after in milestone.after]
        before += [f"task:{task_id}" for task_id in sorted(definition.tasks_of(milestone))]
        graph[f"milestone:{milestone.id}"] = before
    return graph


def _cycles(graph: dict[str, list[str]]) -> list[list[str]]:
    """One example for each knot of nodes that wait for each other."""
    done, found = set[str](), list[list[str]]()

    def walk(node: str, path: list[str]) -> None:
        if node in path:
            found.append([*path[path.index(node) :], node])
        elif node not in done and node in graph:
            for before in graph[node]:
                walk(before, [*path, node])
            done.add(node)

    for node in graph:
        walk(node, [])
    return found


def _reachable(definition: Definition, graph: dict[str, list[str]]) -> set[str]:
    dead = {
        f"milestone:{milestone.id}"
        for milestone in definition.milestones
        if not (milestone.signal or milestone.after or definition.tasks_of(milestone))
    }
    found = {f"milestone:{OPENED}"}
    grew = True
    while grew:
        new = {node for node, before in graph.items() if node not in found | dead and found.issuperset(before)}
        found |= new
        grew = bool(new)
    return found


def _place_of(node: str) -> str:
    kind, name = node.split(":", 1)
    return f"{kind}s.{name}"


def _plain(node: str) -> str:
    return node.split(":", 1)[1]


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def _milestone_ids(definition: Definition) -> set[str]:
    return {OPENED, *definition.milestones_by_id}


def _unknown(place: str, names: Iterable[str], known: Iterable[str], what: str) -> Iterator[Fault]:
    known = set(known)
    for name in names:
        if name not in known:
            yield Fault(place, f"unknown_{what.replace(' ', '_')}", f"unknown {what}: {name}")


def _twice(place: str, names: Iterable[str]) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault(place, "twice", f"{name} is there {count} times")
