"""A definition with faults never gets into a service, and its author hears of all of them at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.onething.check import Vocabulary, check
from shared.onething.reading import DefinitionError, parse, parse_yaml
from shared.onething.registry import Definitions, UnknownDefinition
from tests.kernel.onething.examples import MOVING, MOVING_WORDS, moving

pytestmark = pytest.mark.unit


def faults(data: dict[str, Any], words: Vocabulary = MOVING_WORDS) -> set[tuple[str, str]]:
    return {(fault.place, fault.code) for fault in check(parse(data), words)}


def test_a_sound_definition_has_no_faults():
    assert check(parse(moving()), MOVING_WORDS) == []


def task(data: dict[str, Any], task_id: str) -> dict[str, Any]:
    return next(found for found in data["tasks"] if found["id"] == task_id)


def bend(task_id: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: task(data, task_id).update(changes)


def drop(task_id: str, key: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: task(data, task_id).pop(key)


def milestone(index: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["milestones"][index].update(changes)


def head(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.update(changes)


def also(kind: str, **entry: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data[kind].append(entry) if isinstance(data[kind], list) else data[kind].update(entry)


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        (bend("A", needs=["Z"]), "tasks.A.needs", "unknown_task"),
        (bend("A", needs=["B"]), "tasks.A", "cycle"),
        (bend("B", needs=["B"]), "tasks.B", "cycle"),
        (bend("A", start="done"), "tasks.A", "cycle"),
        (bend("A", start="nowhere"), "tasks.A.start", "unknown_milestone"),
        (bend("A", start="nowhere"), "tasks.A", "mandatory_never_starts"),
        (bend("A", start="nowhere"), "tasks.B", "unreachable"),
        (bend("B", when={"all": ["rents"], "none": ["rents"]}), "tasks.B.when", "contradiction"),
        (bend("C", when={"any": ["rents"], "none": ["rents"]}), "tasks.C", "mandatory_never_starts"),
        (bend("C", when=["is_rich"]), "tasks.C.when", "unknown_fact"),
        (bend("A", department="army"), "tasks.A.department", "unknown_department"),
        (bend("A", stage="last"), "tasks.A.stage", "unknown_stage"),
        (bend("B", evidence=["rumour"]), "tasks.B.evidence", "unknown_evidence"),
        (bend("A", operation="police.dance"), "tasks.A.operation", "unknown_adapter"),
        (drop("A", "operation"), "tasks.A.operation", "wrong_kind"),
        (bend("B", operation="police.move"), "tasks.B.operation", "wrong_kind"),
        (bend("C", waits_for=["school.closed.v1"]), "tasks.C.waits_for", "unknown_event"),
        (drop("C", "waits_for"), "tasks.C.waits_for", "wrong_kind"),
        (bend("C", waits_for=["school.moved.v1"] * 2), "tasks.C.waits_for", "twice"),
        (drop("A", "compensation"), "tasks.A.compensation", "missing_compensation"),
        (bend("A", compensation={"kind": "call", "title": "x"}), "tasks.A.compensation.operation", "wrong_kind"),
        (
            bend("A", compensation={"kind": "call", "title": "x", "operation": "police.fly"}),
            "tasks.A.compensation.operation",
            "unknown_adapter",
        ),
        (bend("A", compensation={"kind": "none"}), "tasks.A.compensation.reason", "missing_reason"),
        (bend("A", compensation={"kind": "human"}), "tasks.A.compensation.title", "missing_title"),
        (bend("C", compensation={"kind": "answer", "title": "x"}), "tasks.C.compensation.waits_for", "wrong_kind"),
        (
            bend("C", compensation={"kind": "answer", "title": "x", "waits_for": ["school.moved.v1"]}),
            "tasks.C.compensation.waits_for",
            "same_event",
        ),
        (bend("A", limit={"amount": 1, "unit": "DAY", "clock": "dawn"}), "tasks.A.limit.clock", "unknown_milestone"),
        (bend("B", limit={"amount": 1, "unit": "DAY", "clock": "A.when"}), "tasks.B.limit.clock", "unknown_field"),
        (
            bend("B", limit={"amount": 1, "unit": "DAY", "clock": "A.movedOn"}),
            "tasks.B.limit.clock",
            "not_an_instant",
        ),
        (bend("B", result={"a b": {"title": "x", "type": "text"}}), "tasks.B.result.a b", "bad_id"),
        (bend("B", result={"a": {"title": "x", "type": "choice"}}), "tasks.B.result.a", "bad_choices"),
        (bend("B", roles={"see": ["KING"], "handle": ["TOWN_CLERK"]}), "tasks.B.roles.see", "unknown_role"),
        (head(roles={"see": ["TOWN_CLERK"], "handle": ["KING"]}), "roles.handle", "unknown_role"),
        (head(clock="dawn"), "clock", "unknown_milestone"),
        (head(escalation={"amount": 1, "unit": "DAY", "to": "KING"}), "escalation.to", "unknown_role"),
        (
            head(follow_up={"amount": 1, "unit": "DAY", "clock": "dawn", "to": "TOWN_CLERK"}),
            "follow_up.clock",
            "unknown_milestone",
        ),
        (also("departments", army="军队"), "departments", "unknown_department"),
        (also("facts", is_rich={"title": "富"}), "facts", "unknown_fact"),
        (also("facts", is_rich={"title": "富"}), "facts.is_rich", "unused"),
        (also("evidence", rumour="传闻"), "evidence.rumour", "unused"),
        (also("stages", id="last", title="末"), "stages[2]", "unused"),
        (also("stages", id="first", title="又"), "stages", "twice"),
        (milestone(1, after=["dawn"]), "milestones.done.after", "unknown_milestone"),
        (milestone(1, tasks=["Z"]), "milestones.done.tasks", "unknown_task"),
        (milestone(1, apart_from=["B"]), "milestones.done.apart_from", "unknown_mandatory_task"),
        (milestone(1, apart_from=["C"]), "tasks.C", "not_in_close_rule"),
        (milestone(0, tasks=["A"]), "milestones.accepted", "two_ways"),
        (milestone(0, signal=False), "milestones.accepted", "never_reached"),
        (milestone(0, signal=False), "tasks.A", "mandatory_never_starts"),
        (milestone(1, closes=False), "milestones", "close_rule"),
        (milestone(0, closes=True), "milestones", "close_rule"),
        (also("milestones", id="opened", title="x", state="X", signal=True), "milestones.opened", "bad_id"),
    ],
)
def test_each_fault_is_found_at_its_place(change: Callable[[dict[str, Any]], None], place: str, code: str):
    data = moving()
    change(data)
    assert (place, code) in faults(data)


def test_a_matter_needs_a_mandatory_task():
    data = moving()
    for found in data["tasks"]:
        found.pop("mandatory", None)
    assert ("tasks", "no_mandatory_task") in faults(data)


def test_all_faults_are_told_at_once():
    data = moving()
    task(data, "A")["needs"] = ["Z"]
    task(data, "B").pop("compensation")
    task(data, "C")["when"] = ["is_rich"]
    data["milestones"][1]["closes"] = False
    assert {code for _, code in faults(data)} >= {
        "unknown_task",
        "missing_compensation",
        "unknown_fact",
        "close_rule",
    }


@pytest.mark.parametrize("word", ["events", "adapters", "facts", "departments", "roles", "evidence"])
def test_every_word_must_be_known_to_the_code(word: str):
    nothing = {name: getattr(MOVING_WORDS, name) for name in Vocabulary.__dataclass_fields__} | {word: frozenset()}
    assert faults(moving(), Vocabulary(**nothing))


def test_faults_of_shape_name_their_place():
    data = moving()
    data["version"] = 0
    data["tasks"][1]["kind"] = "machine"
    data["tasks"][2]["colour"] = "red"
    with pytest.raises(DefinitionError) as caught:
        parse(data, place="moving-house.v1.yaml")
    assert {fault.place for fault in caught.value.faults} == {
        "moving-house.v1.yaml.version",
        "moving-house.v1.yaml.tasks[1].kind",
        "moving-house.v1.yaml.tasks[2].colour",
    }


def test_a_key_written_twice_is_a_fault():
    with pytest.raises(DefinitionError, match="said twice"):
        parse_yaml(MOVING + "\nclock: opened\n")


def test_broken_yaml_is_a_fault():
    with pytest.raises(DefinitionError, match="yaml"):
        parse_yaml("tasks: [")
    with pytest.raises(DefinitionError, match="mapping"):
        parse_yaml("- 1")


def test_the_digest_follows_the_content_and_not_its_layout():
    one = parse_yaml(MOVING)
    assert parse(moving()).digest == one.digest
    assert parse_yaml("# a remark\n" + MOVING).digest == one.digest
    assert parse_yaml(MOVING.replace("搬家一件事", "搬家")).digest != one.digest
    assert len(one.digest) == 64


def test_the_folder_holds_all_versions_and_the_newest_is_for_new_matters(tmp_path: Path):
    (tmp_path / "moving-house.v1.yaml").write_text(MOVING, encoding="utf-8")
    second = MOVING.replace("version: 1", "version: 2").replace("grant.moved.v1", "school.unmoved.v1")
    second = second.replace("waits_for: [school.unmoved.v1]}", "waits_for: [grant.moved.v1]}")
    (tmp_path / "moving-house.v2.yaml").write_text(second, encoding="utf-8")
    loaded = Definitions.load(tmp_path, MOVING_WORDS)
    assert loaded.newest("moving-house").version == 2
    assert loaded.get("moving-house", 1).version == 1
    assert [definition.version for definition in loaded] == [1, 2]
    assert loaded.subscriptions() == MOVING_WORDS.events
    with pytest.raises(UnknownDefinition):
        loaded.get("moving-house", 3)
    with pytest.raises(UnknownDefinition):
        loaded.newest("dancing")


def test_a_folder_with_faults_tells_them_all_by_file(tmp_path: Path):
    (tmp_path / "moving-house.v1.yaml").write_text(MOVING.replace("needs: [A]", "needs: [Z]"), encoding="utf-8")
    (tmp_path / "moving.yaml").write_text(MOVING.replace("version: 1", "version: 2"), encoding="utf-8")
    (tmp_path / "broken.v1.yaml").write_text("id: X", encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        Definitions.load(tmp_path, MOVING_WORDS)
    places = {fault.place for fault in caught.value.faults}
    assert {"moving-house.v1.yaml:tasks.B.needs", "moving.yaml", "broken.v1.yaml.version"} <= places


def test_one_version_cannot_be_there_twice():
    with pytest.raises(DefinitionError):
        Definitions([parse(moving()), parse(moving())])
