"""A running matter moves to another version only on purpose, seen before, and never away from what was done."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.china import working_days
from shared.onething import actions as a
from shared.onething.actions import Action, Outcome
from shared.onething.fold import state
from shared.onething.migration import Change, MigrationPlan, plan
from shared.onething.reading import parse
from shared.onething.state import TaskStatus
from tests.kernel.onething.examples import NOON, moving

pytestmark = pytest.mark.unit

STARTED = [a.opened(NOON, "x", facts={"rents": False}), a.milestone(NOON, "x", "accepted")]
MOVED = a.call_answered(NOON, "x", "A", outcome=Outcome.DONE, result={"movedOn": "2025-04-01"})


def second(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    data = moving()
    data["version"] = 2
    change(data)
    return data


def planned(history: list[Action], change: Callable[[dict[str, Any]], None]) -> MigrationPlan:
    return plan(history, parse(moving()), parse(second(change)), NOON, working_days)


def add_task(data: dict[str, Any]) -> None:
    new = {**data["tasks"][2], "id": "D", "title": "学籍补贴", "waits_for": ["grant.moved.v1"]}
    data["tasks"].append({**new, "compensation": {"kind": "human", "title": "收回"}})


def without(task_id: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data["tasks"] = [task for task in data["tasks"] if task["id"] != task_id]
        for task in data["tasks"]:
            task["needs"] = [needed for needed in task.get("needs", []) if needed != task_id]

    return change


def test_a_new_task_is_reported_and_hears_answers_given_before():
    heard = [
        *STARTED,
        a.answer_received(
            NOON, "x", "grant.moved.v1", [{"task": "D", "kind": "grant", "object": "g1", "outcome": "done"}]
        ),
    ]
    found = planned(heard, add_task)
    assert found.is_possible
    # The first version kept the effect it had no task for; the second one uses it.
    assert found.before.unplaced
    assert not found.after.unplaced
    assert Change("D", "status", None, "DONE") in found.changes
    assert (found.from_version, found.to_version) == (1, 2)


def test_a_changed_limit_and_duty_are_reported():
    def change(data: dict[str, Any]) -> None:
        data["tasks"][0]["limit"] = {"amount": 3, "unit": "WORKDAY"}
        data["tasks"][1]["mandatory"] = True

    found = planned(STARTED, change)
    assert found.is_possible
    assert {(entry.task, entry.what) for entry in found.changes} == {("A", "due"), ("B", "mandatory")}


def test_a_task_that_was_not_begun_may_go():
    found = planned(STARTED, without("B"))
    assert found.is_possible
    assert Change("B", "status", "WAITING", None) in found.changes


def change_kind(data: dict[str, Any]) -> None:
    data["tasks"][0].update(kind="human", operation=None)


def gate_evidence(data: dict[str, Any]) -> None:
    data["tasks"][1]["evidence"] = []
    data["evidence"] = {}


@pytest.mark.parametrize(
    ("history", "change", "words"),
    [
        ([*STARTED, MOVED], without("A"), "A 户口迁移：新版本没有"),
        ([*STARTED, a.call_sent(NOON, "x", "A")], without("A"), "A 户口迁移：新版本没有"),
        ([*STARTED, a.call_sent(NOON, "x", "A")], change_kind, "改变了办理方式"),
        ([*STARTED, a.evidence(NOON, "x", "lease", "e1")], gate_evidence, "将不再办结"),
        ([*STARTED, a.evidence(NOON, "x", "lease", "e1")], gate_evidence, "不认可已提交的证据"),
        ([*STARTED, a.revoking(NOON, "x", reason="误报")], add_task, "已终止或撤销"),
        (STARTED, lambda data: data.update(version=1), "已经使用这个版本"),
        (STARTED, lambda data: data.update(id="other"), "不能改用"),
        (STARTED, lambda data: data["milestones"][0].update(id="taken"), "里程碑“已受理”已经达成"),
    ],
)
def test_what_is_refused(history: list[Action], change: Callable[[dict[str, Any]], None], words: str):
    def whole(data: dict[str, Any]) -> None:
        change(data)
        if data["milestones"][0]["id"] == "taken":
            data.update(clock="taken")
            data["milestones"][1]["after"] = ["taken"]
            for task in data["tasks"]:
                task["start"] = "taken"

    found = planned(history, whole)
    assert not found.is_possible
    assert any(words in refusal for refusal in found.refusals), found.refusals


def test_a_closed_matter_stays_what_it_was():
    history = [*STARTED, MOVED, a.completed(NOON, "x", "B")]
    history += [a.answer_received(NOON, "x", event, []) for event in ("school.moved.v1", "grant.moved.v1")]
    assert any("已办结，不能更换版本" in refusal for refusal in planned(history, add_task).refusals)


def test_the_dry_run_is_what_happens():
    history = [*STARTED, MOVED]
    new = parse(second(add_task))
    found = plan(history, parse(moving()), new, NOON, working_days)
    moved = [*history, a.migrated(NOON, "x", from_version=1, to_version=2, digest=new.digest)]
    after = state(moved, new, NOON, working_days)
    assert after.tasks == found.after.tasks
    assert after.tasks["A"].status is TaskStatus.DONE
