"""The way back: two persons, compensations, a word of apology, and a new case for whoever does die."""

from typing import Any

import pytest

from shared.contracts.affairs import DeathConfirmed, DeathReported, DeathRevoked, DeathTaskChanged
from shared.db.principals import Role
from tests.affairs.world import DISTRICT, World, days_ago

pytestmark = pytest.mark.plan("A-09", part="revocation by two persons")

UNDO = {"restore_registration", "restore_id_card", "restore_driving_licence"}


async def _matter(world: World, case_id: str) -> Any:
    return await world.get(f"/matters/{case_id}", world.officer())


async def test_one_asks_and_another_approves(world: World) -> None:
    case_id = await world.confirmed()
    asked = await world.ask_revocation(case_id)
    assert (asked["state"], asked["revocation"]["state"]) == ("REVOKING", "REQUESTED")
    assert await world.sent(DeathRevoked) == []
    assert (await _matter(world, case_id))["state"] == "TASKS_RUNNING"
    assert (await world.ask_revocation(case_id, 409))["code"] == "revocation_requested"
    approve = f"/deaths/{case_id}/revoke/approve"
    await world.post(approve, world.officer("officer-2"), expect=403)  # another role
    same = await world.post(approve, world.reviewer("officer"), expect=403)  # another role of the same person
    assert same["code"] == "same_person"
    approved = await world.post(approve, world.reviewer())
    assert (approved["state"], approved["revocation"]["decidedBy"]) == ("REVOKED", "reviewer")
    [event] = await world.sent(DeathRevoked)
    assert (event.death_case_id, event.by) == (case_id, ["officer", "reviewer"])
    assert (await world.post(approve, world.reviewer(), expect=409))["code"] == "death_case_ended"
    assert (await world.ask_revocation(case_id, 409))["code"] == "death_case_ended"


async def test_the_same_person_with_two_accounts_cannot_approve(world: World) -> None:
    case_id = await world.confirmed()
    body = {"reason": "误报", "evidence": "本人到场"}
    await world.post(f"/deaths/{case_id}/revoke", world.officer("one", world["eve"]), body, 202)
    other = world.stand.headers(Role.DISTRICT_REVIEWER, DISTRICT, account="two", person=world["eve"])
    assert (await world.post(f"/deaths/{case_id}/revoke/approve", other, expect=403))["code"] == "same_person"


async def test_a_declined_request_leaves_the_case_as_it_is(world: World) -> None:
    case_id = await world.confirmed()
    await world.ask_revocation(case_id)
    await world.settled(case_id)  # the work goes on meanwhile
    path = f"/deaths/{case_id}/revoke/decline"
    declined = await world.post(path, world.reviewer(), {"reason": "证据不足"})
    assert (declined["state"], declined["revocation"]["state"]) == ("TASKS_RUNNING", "DECLINED")
    assert (await world.post(path, world.reviewer(), {"reason": "证据不足"}, 409))["code"] == "no_revocation_requested"
    await world.ask_revocation(case_id)
    case = await world.get(f"/deaths/{case_id}", world.officer())
    assert [one["state"] for one in case["revocations"]] == ["DECLINED", "REQUESTED"]


async def test_what_is_not_confirmed_is_not_revoked(world: World) -> None:
    case_id = await world.case()
    assert (await world.ask_revocation(case_id, 409))["code"] == "death_not_confirmed"
    bad = await world.post(f"/deaths/{case_id}/revoke", world.officer(), {"reason": "", "evidence": "x"}, 422)
    assert [error["field"] for error in bad["errors"]] == ["reason"]
    path = f"/deaths/{case_id}/revoke/approve"
    assert (await world.post(path, world.reviewer(), expect=409))["code"] == "no_revocation_requested"


async def test_everything_done_is_undone(world: World) -> None:
    case_id = await world.confirmed()
    await world.settled(case_id)
    done = {task for task, state in (await world.states(case_id)).items() if state == "DONE"}
    assert {"T01", "T02", "T06", "T09", "T11", "T12", "T15", "T21", "T23", "T25", "T26"} <= done
    await world.post(f"/matters/{case_id}/tasks/T13/complete", world.town, {"result": {"stopMonth": "2026-12"}})
    await world.revoke(case_id)
    await world.stand.settle()
    states = await world.states(case_id)
    assert states["T22"] == "SKIPPED"  # nobody had begun
    assert {states[task] for task in ("T06", "T07", "T08", "T09", "T24", "T25", "T26")} == {"COMPENSATED"}
    assert {states[task] for task in ("T11", "T12", "T15", "T21", "T23")} == {"COMPENSATING"}
    assert {"resume_pension", "restore_insured_relation", "restore_cards"} <= set(world.asked("social_security"))
    assert world.asked("medical_insurance") == ["end_insurance", "restore_insurance"]
    await world.unsettled(case_id)
    states = await world.states(case_id)
    assert {states[task] for task in ("T11", "T12", "T15", "T21", "T23")} == {"COMPENSATED"}
    waiting = {task for task, state in states.items() if state == "COMPENSATING"}
    assert waiting == {"T01", "T13"}  # people's work
    assert (await _matter(world, case_id))["state"] == "REVOKING"
    for task in sorted(waiting):
        found = await world.task(case_id, task)
        assert (found["needsHuman"], found["may"]) == (True, ["compensated"])
        path = f"/matters/{case_id}/tasks/{task}/compensate"
        assert (await world.post(path, world.town, {"reason": "已收回证明"}))["state"] == "COMPENSATED"
        assert (await world.post(path, world.town, {"reason": "再次"}, 409))["code"] == "task_already_compensated"
    assert (await _matter(world, case_id))["state"] == "REVOKED"
    assert (await world.get(f"/deaths/{case_id}", world.officer()))["state"] == "REVOKED"
    moves = [event.state for event in await world.sent(DeathTaskChanged) if event.task_id == "T06"]
    assert moves == ["SENT", "DONE", "COMPENSATING", "COMPENSATED"]


async def test_a_conflict_is_a_persons_task_that_shows_what_stands_against_it(world: World) -> None:
    case_id = await world.confirmed()
    await world.settled(case_id)
    await world.revoke(case_id)
    reason = "床位 A1：原为本人，注销后为空，现为他人"
    await world.unsettled(case_id, "eldercare", outcome="needs_human", reason=reason)
    found = await world.task(case_id, "T15")
    assert (found["state"], found["needsHuman"]) == ("COMPENSATING", True)
    assert [effect["reason"] for effect in found["effects"] if effect["outcome"] == "needs_human"] == [reason]
    [item] = [
        item for item in (await world.get("/tasks?department=eldercare", world.town))["items"] if item["needsHuman"]
    ]
    assert item["taskId"] == "T15"
    await world.post(f"/matters/{case_id}/tasks/T15/compensate", world.town, {"reason": "已安排临时床位"})
    assert (await world.task(case_id, "T15"))["state"] == "COMPENSATED"


async def test_revoked_before_anybody_answered(world: World) -> None:
    """The answers to the confirmation may come after the revocation, or never; both ends are the same."""
    case_id = await world.case()
    await world.give(case_id)
    await world.confirm(case_id)
    await world.revoke(case_id)  # not even the calls have gone out
    await world.stand.settle()
    assert "stop_pension" not in world.asked("social_security")
    assert {state for task, state in (await world.states(case_id)).items() if task in ("T11", "T21", "T23")} == {
        "COMPENSATING"
    }
    await world.unsettled(case_id, "brain", outcome="nothing_to_do")
    await world.settled(case_id, "brain", outcome="nothing_to_do")  # overtaken
    await world.unsettled(case_id, "eldercare", "relief", "charity", outcome="nothing_to_do")
    states = await world.states(case_id)
    assert {states[task] for task in ("T11", "T12", "T15", "T21", "T23")} == {"COMPENSATED"}
    await world.settled(case_id, "eldercare", "relief", "charity", outcome="nothing_to_do")
    assert await world.states(case_id) == states


async def test_calls_nobody_answered_are_cancelled(world: World) -> None:
    world.behave("social_security", "down")
    case_id = await world.confirmed()
    assert (await world.states(case_id))["T06"] == "RETRY"
    await world.revoke(case_id)
    world.behave("social_security", "ok")
    await world.pass_time(hours=3)
    # It was asked, perhaps in vain: what it may have done is undone, and not asked for again.
    assert "stop_pension" not in world.asked("social_security")
    assert "resume_pension" in world.asked("social_security")
    assert (await world.states(case_id))["T06"] == "COMPENSATED"


async def test_an_undoing_that_fails_waits_for_people_and_can_be_sent_again(world: World) -> None:
    case_id = await world.confirmed()
    await world.settled(case_id)
    world.behave("medical_insurance", "down")
    await world.revoke(case_id)
    for hours in (0, 1, 1, 1, 3, 3):
        await world.pass_time(hours=hours)
    found = await world.task(case_id, "T09")
    assert (found["state"], found["needsHuman"]) == ("COMPENSATING", True)
    world.behave("medical_insurance", "ok")
    assert (await world.post(f"/matters/{case_id}/tasks/T09/retry", world.town))["state"] == "COMPENSATING"
    await world.stand.settle()
    assert (await world.task(case_id, "T09"))["state"] == "COMPENSATED"
    await world.post(f"/matters/{case_id}/tasks/T09/retry", world.town, expect=409)
    assert world.asked("medical_insurance") == ["end_insurance", "restore_insurance"]


async def test_after_a_revocation_a_new_report_opens_a_new_case(world: World) -> None:
    case_id = await world.confirmed()
    body = {"personId": world["ann"], "source": "VILLAGE", "deathDate": days_ago(1), "place": "家中"}
    assert (await world.post("/deaths", world.village, body, 409))["code"] == "death_already_confirmed"
    await world.stand.hear(world.reported())  # a late report of the same death
    await world.revoke(case_id)
    assert (await world.confirm(case_id, 409))["code"] == "death_case_ended"
    again = await world.post("/deaths", world.village, body, 201)
    assert again["caseId"] != case_id
    await world.give(again["caseId"], deathDate=days_ago(1))
    await world.confirm(again["caseId"], ago=1)
    assert [event.death_case_id for event in await world.sent(DeathConfirmed)] == [case_id, again["caseId"]]
    assert len(await world.sent(DeathReported)) == 2
    cases = (await world.get(f"/deaths?personId={world['ann']}", world.town))["items"]
    assert [(case["id"], case["state"]) for case in cases] == [
        (again["caseId"], "TASKS_RUNNING"),
        (case_id, "REVOKED"),
    ]


async def test_brains_late_word_does_not_bar_a_new_case(world: World) -> None:
    from shared.contracts.brain import PersonUpdated

    case_id = await world.confirmed()
    await world.revoke(case_id)
    dead = PersonUpdated(person_id=world["ann"], changed=["life_status"], version=2, life_status="DECEASED")
    await world.stand.hear(dead)
    body = {"personId": world["ann"], "source": "VILLAGE", "deathDate": days_ago(1), "place": "家中"}
    await world.post("/deaths", world.village, body, 201)


async def test_the_family_hears_of_both_and_the_person_of_the_mistake(world: World) -> None:
    case_id = await world.confirmed()
    told = await world.get(f"/notices?caseId={case_id}", world.town)
    assert {(item["personId"], item["template"]) for item in told["items"]} == {
        (world["bo"], "affairs.death-confirmed"),
        (world["dan"], "affairs.death-confirmed"),
    }
    await world.revoke(case_id)
    await world.stand.settle()
    letters = [
        item
        for item in (await world.get(f"/notices?caseId={case_id}", world.town))["items"]
        if item["template"] == "affairs.death-revoked"
    ]
    assert {(item["personId"], item["channel"], item["state"]) for item in letters} == {
        (world["ann"], "PAPER", "SENT"),
        (world["ann"], "IN_APP", "SENT"),
        (world["bo"], "IN_APP", "SENT"),
        (world["dan"], "IN_APP", "SENT"),
    }
    own = (await world.get("/notices", world.resident("dan")))["items"]
    assert {item["personId"] for item in own} == {world["dan"]}


async def test_the_reporters_error_is_counted_and_found_by_audit(world: World) -> None:
    case_id = await world.confirmed()
    await world.revoke(case_id)
    [source] = (await world.get(f"/deaths/{case_id}", world.officer()))["sources"]
    assert (source["isMistaken"], source["reporterErrors"]) == (True, 1)
    finding = "select detail ->> 'finding', detail -> 'reporters' from kernel.audit where detail ? 'finding'"
    assert await world.stand.rows(finding) == [("mistaken_death", ["village"])]
    body = {"personId": world["ann"], "source": "VILLAGE", "deathDate": days_ago(1), "place": "家中"}
    again = await world.post("/deaths", world.village, body, 201)
    [source] = (await world.get(f"/deaths/{again['caseId']}", world.officer()))["sources"]
    assert (source["isMistaken"], source["reporterErrors"]) == (False, 1)
