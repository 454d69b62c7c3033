"""What time does next, and what it has done: one timer is enough for a matter."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.china import working_days
from shared.onething import actions as a
from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.fold import state
from shared.onething.moments import Moment, moments, next_moment, pending
from shared.onething.reading import parse
from shared.onething.state import MatterState, TaskStatus
from tests.kernel.onething.examples import NOON, after_death, moving, moving_definition

pytestmark = pytest.mark.unit

DEFINITION = after_death()
CONFIRMED = [a.opened(NOON, "x"), a.milestone(NOON, "x", "confirmed")]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def now_is(history: list[Action], now: datetime) -> MatterState:
    return state(history, DEFINITION, now, working_days)


def of_task(history: list[Action], task: str) -> list[Moment]:
    return [moment for moment in moments(now_is(history, NOON), DEFINITION, working_days) if moment.task == task]


def test_a_task_is_warned_of_then_late_then_reported():
    """T13: three working days from Tuesday 1 April; Friday the 4th is a rest day."""
    assert of_task(CONFIRMED, "T13") == [
        (at("2025-04-07T02:24"), ActionKind.WARNED, "T13"),
        (at("2025-04-08T00:00"), ActionKind.OVERDUE, "T13"),
        # Tuesday the 8th is the first late day; when it is over, the district hears of it.
        (at("2025-04-09T00:00"), ActionKind.ESCALATED, "T13"),
    ]


def test_what_is_recorded_is_not_pending_any_more():
    history = [*CONFIRMED, a.warned(NOON, "x", "T13")]
    assert [moment.kind for moment in of_task(history, "T13")] == [ActionKind.OVERDUE, ActionKind.ESCALATED]
    history += [a.overdue(NOON, "x", "T13")]
    assert [moment.kind for moment in of_task(history, "T13")] == [ActionKind.ESCALATED]
    history += [a.escalated(NOON, "x", "T13", to="DISTRICT_OFFICER")]
    assert of_task(history, "T13") == []


def test_nobody_is_warned_of_what_is_late_already():
    found = pending(now_is(CONFIRMED, at("2025-06-30T00:00")), DEFINITION, at("2025-06-30T00:00"), working_days)
    kinds = [moment.kind for moment in found]
    assert ActionKind.WARNED not in kinds
    assert kinds.count(ActionKind.OVERDUE) == kinds.count(ActionKind.ESCALATED)
    assert kinds.count(ActionKind.FOLLOW_UP) == 1


def test_the_next_moment_is_the_earliest_and_never_in_the_past():
    first = next_moment(now_is(CONFIRMED, NOON), DEFINITION, NOON, working_days)
    assert first == NOON + timedelta(minutes=7)  # the services have ten minutes, the warning comes at seven
    later = at("2025-04-20T00:00")
    assert next_moment(now_is(CONFIRMED, later), DEFINITION, later, working_days) == later


def test_an_ended_matter_has_no_time():
    history = [*CONFIRMED, a.revoking(NOON, "x", reason="误报")]
    assert moments(now_is(history, NOON), DEFINITION, working_days) == []
    assert next_moment(now_is(history, NOON), DEFINITION, NOON, working_days) is None


def test_a_fact_nobody_may_assume_is_waited_for():
    definition = moving_definition()
    history = [a.opened(NOON, "x"), a.milestone(NOON, "x", "accepted")]
    history += [a.call_answered(NOON, "x", "A", outcome=Outcome.DONE)]
    waiting = state(history, definition, NOON).tasks["B"]
    assert (waiting.status, waiting.waiting_for) == (TaskStatus.WAITING, ("fact:rents",))
    known = state([*history, a.fact_set(NOON, "x", {"rents": False})], definition, NOON).tasks["B"]
    assert (known.status, known.waiting_for) == (TaskStatus.READY, ())


def test_what_is_assumed_counts_once_the_task_might_start():
    data = moving()
    data["facts"]["has_children"]["assume"] = False
    definition = parse(data)
    opened = [a.opened(NOON, "x")]
    assert state(opened, definition, NOON).tasks["C"].status is TaskStatus.WAITING
    accepted = [*opened, a.milestone(NOON, "x", "accepted")]
    assert state(accepted, definition, NOON).tasks["C"].status is TaskStatus.SKIPPED
    corrected = [*accepted, a.fact_set(NOON, "x", {"has_children": True})]
    assert state(corrected, definition, NOON).tasks["C"].status is TaskStatus.SENT
