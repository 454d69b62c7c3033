"""Outside departments over real HTTP: answered, slow, down, wrong, refused; back-off, the manual queue, retry."""

import json

import pytest

from shared.contracts.affairs import DeathTaskChanged
from tests.affairs.world import World, days_ago

pytestmark = [
    pytest.mark.plan("A-09", part="outside departments"),
    pytest.mark.plan("S-03", part="calls to departments"),
]


async def test_calls_go_out_when_tasks_become_ready(world: World) -> None:
    case_id = await world.confirmed()
    states = await world.states(case_id)
    assert {states[task] for task in ("T02", "T06", "T07", "T08", "T09", "T24", "T25", "T26")} == {"DONE"}
    assert states["T10"] == "WAITING"  # for the heirs' papers
    assert states["T03"] == "WAITING"  # for the family's signature
    year, month = (int(part) for part in days_ago(2).split("-")[:2])
    following = f"{year + month // 12:04d}-{month % 12 + 1:02d}"
    assert (await world.task(case_id, "T06"))["result"] == {"stopMonth": following, "overpaid": "0.00"}
    assert world.asked("police") == []
    # The family signs; the undertaker and then the police follow.
    signed = f"/matters/{case_id}/tasks/T03/materials"
    await world.post(signed, world.resident("dan"), {"material": "family_signature"})
    await world.stand.settle()
    assert world.asked("funeral_home") == ["book_transfer", "cremation_certificate"]
    assert sorted(world.asked("police")) == ["cancel_driving_licence", "cancel_registration", "invalidate_id_card"]
    assert world.asked("bank") == ["account_guide"]
    moves = [event.state for event in await world.sent(DeathTaskChanged) if event.task_id == "T04"]
    assert moves == ["SENT", "DONE"]


async def test_departments_are_told_the_number_of_a_fitting_paper_and_it_is_sealed(world: World) -> None:
    await world.confirmed()
    sealed = await world.stand.rows("select id, payload from kernel.outgoing_call where operation = 'stop_pension'")
    [(call_id, payload)] = sealed
    told = json.loads(world.stand.runtime.database.vault.open("outgoing_call", "payload", call_id, payload))
    assert told.pop("caseId")
    assert told == {
        "taskId": "T06",
        "personId": world["ann"],
        "deathDate": days_ago(2),
        "idNumber": world.numbers["ann"],
    }


async def test_without_a_paper_no_number_is_told(world: World) -> None:
    case_id = await world.case()
    await world.stand.hear(world.reported())
    await world.confirm(case_id, 202)
    await world.confirm(case_id, by="officer-2")
    for call_id, payload in await world.stand.rows("select id, payload from kernel.outgoing_call"):
        told = json.loads(world.stand.runtime.database.vault.open("outgoing_call", "payload", call_id, payload))
        assert "idNumber" not in told


async def test_a_department_that_is_down_is_tried_again_then_it_is_peoples(world: World) -> None:
    world.behave("medical_insurance", "down")
    case_id = await world.confirmed()
    assert (await world.task(case_id, "T09"))["state"] == "RETRY"
    states = await world.states(case_id)
    assert states["T06"] == "DONE"  # one failing task never blocks others
    attempts = "select attempts, state from kernel.outgoing_call where department = 'medical_insurance'"
    tried = [(await world.stand.rows(attempts))[0]]
    for minutes in (0.9, 0.2, 5.1, 30.1):
        await world.pass_time(minutes=minutes)
        tried.append((await world.stand.rows(attempts))[0])
    assert tried == [(1, "PENDING"), (1, "PENDING"), (2, "PENDING"), (3, "PENDING"), (4, "PENDING")]
    await world.pass_time(hours=2.01)
    assert await world.stand.rows(attempts) == [(5, "MANUAL")]
    found = await world.task(case_id, "T09")
    assert (found["state"], found["needsHuman"]) == ("MANUAL", True)
    assert {"completed", "retried"} <= set(found["may"])
    queue = await world.get("/tasks?state=MANUAL&department=medical_insurance", world.town)
    assert [item["taskId"] for item in queue["items"]] == ["T09"]
    # Back again: the same call, so the department counts it once.
    world.behave("medical_insurance", "ok")
    retried = await world.post(f"/matters/{case_id}/tasks/T09/retry", world.town)
    assert retried["state"] == "SENT"
    await world.stand.settle()
    assert (await world.task(case_id, "T09"))["state"] == "DONE"
    assert world.asked("medical_insurance") == ["end_insurance"]
    assert await world.stand.scalar("select count(*) from kernel.outgoing_call where operation = 'end_insurance'") == 1
    assert (await world.post(f"/matters/{case_id}/tasks/T09/retry", world.town, expect=409))["code"] == (
        "task_already_done"
    )


async def test_retry_need_not_wait_for_the_back_off(world: World) -> None:
    world.behave("medical_insurance", "down", calls=1)
    case_id = await world.confirmed()
    assert (await world.task(case_id, "T09"))["state"] == "RETRY"
    await world.post(f"/matters/{case_id}/tasks/T09/retry", world.town)
    await world.stand.settle()
    assert (await world.task(case_id, "T09"))["state"] == "DONE"
    assert await world.stand.scalar("select count(*) from kernel.outgoing_call where operation = 'end_insurance'") == 1


async def test_a_slow_department_delays_nobody_else(world: World) -> None:
    world.behave("provident_fund", "slow", seconds=30)
    world.behave("medical_insurance", "slow", seconds=0.2)
    case_id = await world.confirmed()
    states = await world.states(case_id)
    assert (states["T06"], states["T09"]) == ("DONE", "DONE")


async def test_a_department_that_talks_nonsense(world: World) -> None:
    world.behave("medical_insurance", "wrong", calls=1)
    case_id = await world.confirmed()
    assert (await world.task(case_id, "T09"))["state"] == "RETRY"
    await world.pass_time(minutes=2)
    assert (await world.task(case_id, "T09"))["state"] == "DONE"


async def test_a_department_that_refuses_leaves_it_to_people(world: World) -> None:
    world.behave("social_security", "refuse")
    case_id = await world.confirmed()
    found = await world.task(case_id, "T06")
    assert (found["state"], found["reason"]) == ("MANUAL", "查无此人")
    await world.pass_time(hours=5)
    assert (await world.task(case_id, "T06"))["state"] == "MANUAL"  # a refusal is not tried again by itself
    # Asked once more by hand, it is a new call; or a person completes it.
    world.behave("social_security", "ok")
    await world.post(f"/matters/{case_id}/tasks/T06/retry", world.town)
    await world.stand.settle()
    assert (await world.task(case_id, "T06"))["state"] == "DONE"
    path = f"/matters/{case_id}/tasks/T25/complete"
    bad = await world.post(path, world.town, {"result": {"endedOn": "soon"}}, 422)
    assert [error["field"] for error in bad["errors"]] == ["result.endedOn"]
    await world.post(path, world.town, {"result": {"endedOn": days_ago(0)}})
    assert (await world.task(case_id, "T25"))["settledAt"]


async def test_what_waits_for_an_answer_is_not_completed_by_hand(world: World) -> None:
    case_id = await world.confirmed()
    path = f"/matters/{case_id}/tasks/T11"
    assert (await world.post(f"{path}/complete", world.town, {"result": {}}, 409))["code"] == "task_waits_for_answer"
    taken = await world.post(f"{path}/manual", world.town, {"reason": "系统未答复，电话核实"})
    assert taken["state"] == "MANUAL"
    await world.post(f"{path}/complete", world.town, {"reason": "已停发"})
    assert (await world.task(case_id, "T11"))["state"] == "DONE"
