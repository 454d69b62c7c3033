"""Laws of the fold, for any definition and any history hypothesis can think of."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.china import working_days
from shared.onething import actions as a
from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.availability import Allowed, allowed, is_legal, refusal
from shared.onething.check import Vocabulary, check
from shared.onething.definition import Definition, FieldType, Kind
from shared.onething.due import DueState
from shared.onething.fold import MatterFold, state
from shared.onething.reading import parse
from shared.onething.state import IN_WORK, UNDONE, MatterState, TaskStatus
from tests.kernel.onething.examples import NOON, after_death

pytestmark = pytest.mark.unit

FACTS = ("rich", "tall", "wet")
EVENTS = tuple(f"s{number}.settled.v1" for number in range(3))
WORDS = Vocabulary(
    events=frozenset((*EVENTS, *(event.replace("settled", "unsettled") for event in EVENTS))),
    adapters=frozenset({"x.do", "x.undo"}),
    facts=frozenset(FACTS),
    departments=frozenset({"d"}),
    roles=frozenset({"R"}),
    evidence=frozenset({"paper"}),
)


@st.composite
def tasks(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(Kind)))
    task: dict[str, Any] = {
        "id": f"T{number}",
        "title": f"任务{number}",
        "stage": "s",
        "department": "d",
        "kind": kind.value,
        "law": "试行",
        "start": draw(st.sampled_from(["opened", "go", "half"])),
        "needs": draw(st.lists(st.sampled_from([f"T{other}" for other in range(number)]), unique=True, max_size=2))
        if number
        else [],
        "when": {draw(st.sampled_from(["all", "any", "none"])): draw(st.lists(st.sampled_from(FACTS), max_size=2))},
        "evidence": draw(st.sampled_from([[], ["paper"]])) if number % 3 == 0 else [],
        "mandatory": draw(st.booleans()) or number == 0,
        "limit": draw(
            st.none()
            | st.fixed_dictionaries(
                {"amount": st.integers(1, 20), "unit": st.sampled_from(["WORKDAY", "DAY", "HOUR", "MINUTE"])}
            )
        ),
    }
    undo = draw(st.sampled_from(["answer", "call", "human", "none"]))
    task["compensation"] = {"kind": undo, "title": "撤销", "reason": "无"}
    if kind is Kind.ANSWER:
        task["waits_for"] = draw(st.lists(st.sampled_from(EVENTS), min_size=1, unique=True))
    if kind is Kind.CALL:
        task["operation"] = "x.do"
    if undo == "answer":
        back = draw(st.lists(st.sampled_from(EVENTS), min_size=1, unique=True))
        task["compensation"]["waits_for"] = [event.replace("settled", "unsettled") for event in back]
    if undo == "call":
        task["compensation"]["operation"] = "x.undo"
    return task


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    count = draw(st.integers(1, 7))
    assume = st.sampled_from([True, False, None])
    found = [draw(tasks(number)) for number in range(count)]
    first = found[0]
    first["start"] = "opened"  # `half` is reached through it, so that nothing waits for itself
    return parse(
        {
            "id": "any",
            "version": 1,
            "title": "任意",
            "law": "试行",
            "clock": "go",
            "roles": {"see": ["R"], "handle": ["R"], "waive": ["R"]},
            "departments": {"d": "部门"},
            "facts": {fact: {"title": fact, "assume": draw(assume)} for fact in FACTS},
            "evidence": {"paper": "材料"},
            "stages": [{"id": "s", "title": "阶段"}],
            "milestones": [
                {"id": "go", "title": "受理", "state": "GO", "signal": True},
                {"id": "half", "title": "过半", "state": "HALF", "tasks": ["T0"]},
                {"id": "end", "title": "办结", "state": "END", "mandatory": True, "closes": True, "after": ["go"]},
            ],
            "tasks": found,
        }
    )


SAMPLES = {
    FieldType.TEXT: "x",
    FieldType.DATE: "2025-04-01",
    FieldType.DATETIME: "2025-04-01T08:00:00+08:00",
    FieldType.MONTH: "2025-05",
    FieldType.MONEY: "1.00",
}


def content(found: Allowed, definition: Definition, random: Random, at: datetime) -> Action:
    """A random action of a kind."""
    known = sorted(definition.facts)
    facts = {fact: random.random() < 0.5 for fact in random.sample(known, random.randint(1, 3))}
    signals = [milestone.id for milestone in definition.milestones if milestone.signal]
    wanted = definition.tasks_by_id[found.task] if found.task else definition.tasks[0]
    result = {name: SAMPLES[field.type] for name, field in wanted.result.items() if field.required}
    task = found.task or ""
    retry_at = random.choice([None, at + timedelta(minutes=5)])
    outcome = random.choice(list(Outcome))
    source = random.choice(sorted(definition.events) or ["s0.settled.v1"])
    effects = [
        {"task": other.id, "kind": "k", "object": random.choice("ab"), "outcome": random.choice(list(Outcome)).value}
        for other in definition.tasks
        if random.random() < 0.3
    ]
    makers: dict[ActionKind, Any] = {
        ActionKind.OPENED: lambda: a.opened(at, "x", facts=random.choice([{}, facts])),
        ActionKind.FACT_SET: lambda: a.fact_set(at, "x", facts),
        ActionKind.MILESTONE: lambda: a.milestone(at, "x", random.choice(signals), facts=random.choice([{}, facts])),
        ActionKind.EVIDENCE: lambda: a.evidence(
            at, "x", random.choice(sorted(definition.evidence)), str(random.randint(1, 3))
        ),
        ActionKind.EVIDENCE_WITHDRAWN: lambda: a.evidence_withdrawn(at, "x", str(random.randint(1, 3)), reason="r"),
        ActionKind.ANSWER_RECEIVED: lambda: a.answer_received(at, "x", source, effects),
        ActionKind.FOLLOW_UP: lambda: a.follow_up(at, "x"),
        ActionKind.DISMISSED: lambda: a.dismissed(at, "x", reason="r"),
        ActionKind.REVOKING: lambda: a.revoking(at, "x", reason="r"),
        ActionKind.MIGRATED: lambda: a.migrated(at, "x", from_version=1, to_version=2, digest="d"),
        ActionKind.COMPLETED: lambda: a.completed(at, "x", task, result=result),
        ActionKind.CALL_SENT: lambda: a.call_sent(at, "x", task),
        ActionKind.CALL_ANSWERED: lambda: a.call_answered(at, "x", task, outcome=outcome, result=result),
        ActionKind.CALL_FAILED: lambda: a.call_failed(at, "x", task, reason="r", retry_at=retry_at),
        ActionKind.RETRIED: lambda: a.retried(at, "x", task),
        ActionKind.SENT_TO_MANUAL: lambda: a.sent_to_manual(at, "x", task, reason="r"),
        ActionKind.WAIVED: lambda: a.waived(at, "x", task, reason="r"),
        ActionKind.ATTENDED: lambda: a.attended(at, "x", task, reason="r"),
        ActionKind.MATERIAL_RECEIVED: lambda: a.material_received(
            at, "x", task, random.choice(sorted(wanted.materials) or ["m"])
        ),
        ActionKind.APPOINTED: lambda: a.appointed(at, "x", task, at.date()),
        ActionKind.WARNED: lambda: a.warned(at, "x", task),
        ActionKind.OVERDUE: lambda: a.overdue(at, "x", task),
        ActionKind.ESCALATED: lambda: a.escalated(at, "x", task, to="R"),
        ActionKind.COMPENSATION_SENT: lambda: a.compensation_sent(at, "x", task),
        ActionKind.COMPENSATION_ANSWERED: lambda: a.compensation_answered(at, "x", task, outcome=outcome),
        ActionKind.COMPENSATION_FAILED: lambda: a.compensation_failed(at, "x", task, reason="r", retry_at=retry_at),
        ActionKind.COMPENSATED: lambda: a.compensated(at, "x", task),
    }
    made: Action = makers[found.action]()
    return made


def instants(random: Random) -> Iterator[datetime]:
    at = NOON
    while True:
        yield at
        at += timedelta(minutes=random.choice([0, 1, 600, 3000]))


def walk(
    definition: Definition, random: Random, length: int, avoid: frozenset[ActionKind] = frozenset()
) -> list[Action]:
    """A random legal history."""
    history: list[Action] = []
    fold = MatterFold(definition)
    for _, at in zip(range(length), instants(random), strict=False):
        now = fold.view(at)
        options = sorted(found for found in allowed(now, definition) if found.action not in avoid)
        if not options:
            break
        # Endings are rare in life; without this they would end every story at once.
        calm = [found for found in options if found.action not in (ActionKind.REVOKING, ActionKind.DISMISSED)]
        action = content(random.choice(calm if calm and random.random() < 0.95 else options), definition, random, at)
        if refusal(now, definition, action) is None:
            history.append(action)
            fold.apply(action)
    return history


randoms = st.integers(0, 2**32).map(Random)


def kinds(*found: ActionKind) -> frozenset[ActionKind]:
    return frozenset(found)


ENDINGS = kinds(ActionKind.REVOKING, ActionKind.DISMISSED)


@given(definitions())
def test_the_definitions_of_this_test_are_sound(definition: Definition):
    assert {fault.code for fault in check(definition, WORDS)} <= {"unused"}


@given(definitions(), randoms)
def test_every_prefix_of_a_legal_history_is_legal(definition: Definition, random: Random):
    history = walk(definition, random, 25)
    assert is_legal(history, definition)
    cut = random.randint(0, len(history))
    assert is_legal(history[:cut], definition)


@given(definitions(), randoms)
def test_what_is_allowed_is_what_is_not_refused(definition: Definition, random: Random):
    history = walk(definition, random, 20)
    at = NOON + timedelta(days=9)
    now = state(history, definition, at)
    may = allowed(now, definition)
    for kind in ActionKind:
        for task in (None, *definition.tasks_by_id):
            try:
                action = content(Allowed(kind, task), definition, random, at)
            except KeyError:
                continue
            if (action.task is None) is not (task is None):
                continue
            if refusal(now, definition, action) is None:
                assert Allowed(kind, task) in may


@given(definitions(), randoms)
def test_no_task_is_done_twice_whatever_is_thrown_at_it(definition: Definition, random: Random):
    """Also by actions nobody allowed: the fold itself keeps the first completion. An ending rarely comes first."""
    history = [a.opened(NOON, "x")]
    history += [a.milestone(NOON, "x", "go")]
    never = kinds(ActionKind.OPENED, ActionKind.EVIDENCE_WITHDRAWN)  # the one takes a completion back
    everything = [Allowed(kind, task) for kind in ActionKind if kind not in never for task in definition.tasks_by_id]
    done: dict[str, tuple[datetime | None, str]] = {}
    for step in range(40):
        at = NOON + timedelta(minutes=step)
        chosen = random.choice(everything)
        if random.random() < 0.6:
            chosen = Allowed(random.choice(FINISHING), random.choice(definition.tasks).id)
        action = content(chosen, definition, random, at)
        history.append(Action(action.kind, at, f"actor {step}", action.task, action.data))
        for task in state(history, definition, at).tasks.values():
            if task.status is TaskStatus.DONE:
                first = done.setdefault(task.id, (task.settled_at, task.settled_by))
                assert first == (task.settled_at, task.settled_by)
            elif task.id in done:
                assert task.status in (TaskStatus.COMPENSATING, TaskStatus.COMPENSATED)


FINISHING = (ActionKind.COMPLETED, ActionKind.CALL_ANSWERED, ActionKind.CALL_SENT, ActionKind.SENT_TO_MANUAL)


def finish(task: str, definition: Definition, at: datetime) -> list[Action]:
    match definition.tasks_by_id[task].kind:
        case Kind.HUMAN:
            return [a.completed(at, "x", task)]
        case Kind.CALL:
            return [a.call_sent(at, "x", task), a.call_answered(at, "x", task, outcome=Outcome.DONE)]
        case Kind.ANSWER:
            return [a.answer_received(at, "x", event, []) for event in definition.tasks_by_id[task].waits_for]


def run_out(definition: Definition, facts: dict[str, bool], random: Random) -> MatterState:
    """Finish whatever can be finished, in random order, until nothing is left."""
    history = [a.opened(NOON, "x", facts=facts), a.milestone(NOON, "x", "go")]
    while True:
        now = state(history, definition, NOON)
        open_tasks = [task.id for task in now.tasks.values() if task.status in IN_WORK]
        if not open_tasks:
            return now
        history.extend(finish(random.choice(open_tasks), definition, NOON))


@given(definitions(), st.fixed_dictionaries(dict.fromkeys(FACTS, st.booleans())), randoms, randoms)
def test_any_order_of_finishing_ends_alike(definition: Definition, facts: dict[str, bool], one: Random, two: Random):
    first, second = run_out(definition, facts, one), run_out(definition, facts, two)
    assert _end(first) == _end(second)


def _end(found: MatterState) -> tuple[Any, ...]:
    """Where a matter stands, without when and through how many actions it came there."""
    tasks = {task.id: (task.status, task.outcome, task.waiting_for, task.effects) for task in found.tasks.values()}
    return found.status, set(found.milestones), found.is_closed, found.progress, found.for_humans, tasks


@given(definitions(), st.fixed_dictionaries(dict.fromkeys(FACTS, st.booleans())), randoms)
def test_what_may_start_is_what_a_simple_mind_would_start(
    definition: Definition, facts: dict[str, bool], random: Random
):
    """An oracle written the slow way: from the definition down, without a fold."""
    history = [a.opened(NOON, "x", facts=facts)]
    if random.random() < 0.7:
        history.append(a.milestone(NOON, "x", "go"))
    for _ in range(random.randint(0, 6)):
        now = state(history, definition, NOON)
        ready = [task.id for task in now.tasks.values() if task.status in IN_WORK]
        if ready:
            history.extend(finish(random.choice(ready), definition, NOON))
    now = state(history, definition, NOON)
    done = {task.id for task in now.tasks.values() if task.status is TaskStatus.DONE}

    def applies(task_id: str) -> bool:
        when = definition.tasks_by_id[task_id].when
        return (
            all(facts[fact] for fact in when.all)
            and not any(facts[fact] for fact in when.none)
            and (not when.any or any(facts[fact] for fact in when.any))
        )

    def settled(task_id: str) -> bool:
        return task_id in done or not applies(task_id)

    reached = {"opened"}
    reached |= {"go"} if len(history) > 1 and history[1].kind is ActionKind.MILESTONE else set()
    reached |= {"half"} if settled("T0") else set()
    for task in definition.tasks:
        starts = applies(task.id) and task.start in reached and all(settled(needed) for needed in task.needs)
        if task.id not in done:
            assert (now.tasks[task.id].status in IN_WORK) is starts
            assert (now.tasks[task.id].status is TaskStatus.SKIPPED) is not applies(task.id)
    mandatory = all(settled(task.id) for task in definition.tasks if task.mandatory)
    assert now.is_closed is ("go" in reached and mandatory)


@given(definitions(), randoms)
def test_a_failing_task_blocks_none_but_those_that_need_it(definition: Definition, random: Random):
    history = walk(definition, random, 15, avoid=ENDINGS)
    at = NOON + timedelta(days=90)
    before = state(history, definition, at)
    calls = [
        task
        for task in before.tasks.values()
        if Allowed(ActionKind.CALL_FAILED, task.id) in allowed(before, definition)
    ]
    for task in calls:
        after = state([*history, a.call_failed(at, "x", task.id, reason="r")], definition, at)
        assert after.tasks[task.id].status is TaskStatus.FAILED
        for other in definition.tasks_by_id:
            if other != task.id:
                assert after.tasks[other] == before.tasks[other]


@given(definitions(), randoms, st.lists(st.integers(0, 60 * 24 * 60), min_size=2, max_size=6))
def test_lateness_only_grows(definition: Definition, random: Random, minutes: list[int]):
    history = walk(definition, random, 20)
    start = history[-1].at if history else NOON
    order = [DueState.NONE, DueState.ON_TIME, DueState.WARNING, DueState.OVERDUE]
    for task_id in definition.tasks_by_id:
        seen = [
            order.index(
                state(history, definition, start + timedelta(minutes=later), working_days).tasks[task_id].due_state
            )
            for later in sorted(minutes)
        ]
        assert seen == sorted(seen)
        assert (0 in seen) is (set(seen) == {0})  # a date does not come or go with the clock


@given(definitions(), randoms)
def test_a_warning_comes_before_the_end(definition: Definition, random: Random):
    history = walk(definition, random, 20)
    for task in state(history, definition, NOON, working_days).tasks.values():
        if task.due:
            assert task.due.warn_at is not None
            assert task.due.warn_at < task.due.at
            assert task.due.at.tzinfo is UTC


def undo_all(history: list[Action], definition: Definition, random: Random, at: datetime) -> list[Action]:
    """What the world does after a revocation: every service answers, every call is answered or given up."""
    found = [a.answer_received(at, "x", event, []) for event in sorted(definition.events) if "unsettled" in event]
    now = state([*history, *found], definition, at)
    for task in now.tasks.values():
        if task.status is TaskStatus.COMPENSATING and definition.tasks_by_id[task.id].undo.kind == "call":
            outcome = random.choice([*Outcome, None])
            found.append(
                a.compensation_failed(at, "x", task.id, reason="r")
                if outcome is None
                else a.compensation_answered(at, "x", task.id, outcome=outcome)
            )
    return found


@given(definitions(), randoms)
def test_a_revocation_undoes_everything_or_tells_a_human(definition: Definition, random: Random):
    history = walk(definition, random, 20, avoid=ENDINGS)
    at = history[-1].at + timedelta(minutes=1) if history else NOON
    before = state(history, definition, at)
    if Allowed(ActionKind.REVOKING) not in allowed(before, definition):
        return
    history.append(a.revoking(at, "x", reason="r"))
    ended = state(history, definition, at)
    for task in ended.tasks.values():
        was = before.tasks[task.id]
        if was.status is TaskStatus.DONE:
            assert task.status in (TaskStatus.COMPENSATING, TaskStatus.COMPENSATED)
            if task.status is TaskStatus.COMPENSATED:
                undo = definition.tasks_by_id[task.id].undo
                heard = {action.data["source"] for action in history if action.kind is ActionKind.ANSWER_RECEIVED}
                undone_before = undo.kind == "answer" and heard.issuperset(undo.waits_for)
                assert undo.kind == "none" or was.outcome is Outcome.NOTHING_TO_DO or undone_before
        assert task.status in {TaskStatus.COMPENSATING, *UNDONE}
    history += undo_all(history, definition, random, at)
    world = state(history, definition, at)
    left = {task.id for task in world.tasks.values() if task.status is TaskStatus.COMPENSATING}
    assert left <= set(world.for_humans)
    assert all(task.status in UNDONE for task in world.tasks.values() if task.id not in left)
    for task_id in sorted(left):
        history.append(a.compensated(at, "x", task_id))
    assert state(history, definition, at).status == "REVOKED"
    assert is_legal(history, definition)


@given(definitions(), randoms)
def test_nothing_starts_after_the_end(definition: Definition, random: Random):
    history = walk(definition, random, 30)
    ended_at = next((i for i, action in enumerate(history) if action.kind in ENDINGS), len(history))
    for length in range(ended_at + 1, len(history) + 1):
        now = state(history[:length], definition, NOON)
        assert all(task.status not in IN_WORK for task in now.tasks.values())
        assert all(task.status is not TaskStatus.DONE for task in now.tasks.values())


AFTER_DEATH = after_death()


@settings(max_examples=25, deadline=None)
@given(randoms)
def test_the_published_definition_survives_random_lives(random: Random):
    history = walk(AFTER_DEATH, random, 60)
    assert is_legal(history, AFTER_DEATH)
    now = state(history, AFTER_DEATH, NOON + timedelta(days=60), working_days)
    assert now.progress.done <= now.progress.total
    assert now.is_closed is ("closed" in now.milestones)


def test_the_random_lives_are_no_still_lives():
    """The laws above would hold of histories in which nothing happens."""
    statuses: set[str] = set()
    seen: set[ActionKind] = set()
    for seed in range(40):
        history = walk(AFTER_DEATH, Random(seed), 60)
        seen |= {action.kind for action in history}
        now = state(history, AFTER_DEATH, NOON, working_days)
        statuses |= {task.status for task in now.tasks.values()} | {now.status}
    assert statuses >= {*TaskStatus, "REVOKING", "DISMISSED", "TASKS_RUNNING"}
    assert seen == set(ActionKind)
