"""The matter: answers, facts, completions, waivers, time, the work list, and who sees what."""

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from shared import clock
from shared.contracts.affairs import DeathTaskChanged
from shared.db.principals import Role
from shared.ids import uuid7
from tests.affairs.world import DISTRICT, DONGGANG, LIUHENG, SETTLED, VILLAGE, World, days_ago

pytestmark = [pytest.mark.plan("A-09", part="the matter"), pytest.mark.plan("S-03", part="the after-death one-thing")]

ANSWERED = ("T11", "T12", "T15", "T21", "T23")


async def test_the_answers_complete_their_tasks(world: World) -> None:
    case_id = await world.confirmed()
    states = await world.states(case_id)
    assert {states[task] for task in ANSWERED} == {"SENT"}
    for service, done in zip(SETTLED, ({"T21"}, {"T12", "T15"}, {"T11"}, {"T23"}), strict=True):
        await world.settled(case_id, service)
        for task in done:
            assert (await world.task(case_id, task))["state"] == "DONE", task
    found = await world.task(case_id, "T23")
    assert Counter(effect["outcome"] for effect in found["effects"]) == {"done": 4}


async def test_nothing_to_do_is_an_answer_too(world: World) -> None:
    case_id = await world.confirmed()
    await world.settled(case_id, outcome="nothing_to_do")
    for task in ANSWERED:
        found = await world.task(case_id, task)
        assert (found["state"], found["outcome"]) == ("DONE", "nothing_to_do")


async def test_an_answer_may_ask_for_a_person(world: World) -> None:
    case_id = await world.confirmed()
    await world.settled(case_id, "relief", outcome="needs_human")
    found = await world.task(case_id, "T11")
    assert (found["state"], found["needsHuman"]) == ("MANUAL", True)
    done = await world.post(f"/matters/{case_id}/tasks/T11/complete", world.town, {"reason": "已办"})
    assert done["state"] == "DONE"


async def test_answers_that_come_before_their_task_is_ready_count(world: World) -> None:
    case_id = await world.case()
    await world.settled(case_id)  # before anybody confirmed
    assert {state for task, state in (await world.states(case_id)).items() if task in ANSWERED} == {"DONE"}
    await world.give(case_id)
    await world.confirm(case_id)
    assert {state for task, state in (await world.states(case_id)).items() if task in ANSWERED} == {"DONE"}


async def test_of_a_hundred_completions_one_wins(world: World) -> None:
    case_id = await world.confirmed()
    path = f"/api/affairs/matters/{case_id}/tasks/T13/complete"
    body = {"result": {"stopMonth": "2026-12", "overpaid": "120.00"}}

    async def attempt() -> tuple[int, str]:
        answer = await world.stand.client.post(path, json=body, headers=world.town)
        return answer.status_code, answer.json().get("code", "")

    answers = Counter(await asyncio.gather(*(attempt() for _ in range(100))))
    assert answers[200, ""] == 1
    assert sum(number for (status, _), number in answers.items() if status == 409) == 99
    moves = [event.state for event in await world.sent(DeathTaskChanged) if event.task_id == "T13"]
    assert moves == ["READY", "DONE"]


async def test_all_mandatory_tasks_then_the_ashes_close_the_matter(world: World) -> None:
    case_id = await world.confirmed()
    await world.settled(case_id)
    await world.post(f"/matters/{case_id}/tasks/T13/complete", world.town, {"result": {"certificateCancelled": True}})
    await world.give(case_id, "cremation_certificate", deathDate=None)
    await world.stand.settle()
    case = await world.get(f"/deaths/{case_id}", world.town)
    assert case["state"] == "TASKS_DONE"
    matter = await world.get(f"/matters/{case_id}", world.town)
    assert matter["progress"]["mandatoryTotal"] - matter["progress"]["mandatoryDone"] == 1  # T17
    day = (clock.today() + timedelta(days=10)).isoformat()
    appointment = f"/matters/{case_id}/tasks/T17/appointment"
    for impossible in (days_ago(1), days_ago(-1100), "9999-12-31", "0001-01-01"):
        await world.post(appointment, world.resident("bo"), {"on": impossible}, 422)
    await world.post(appointment, world.resident("bo"), {"on": day})
    assert (await world.task(case_id, "T17"))["due"] == day
    given = await world.give(case_id, "placement_certificate", deathDate=None, onDate=days_ago(0), placement="树葬")
    assert given["state"] == "CLOSED"
    assert (await world.task(case_id, "T17"))["result"]["placement"] == "树葬"
    assert (await world.get(f"/matters/{case_id}", world.town))["progress"]["percent"] == 100
    # A closed case is still a confirmed death: it may be revoked, and bars a second one.
    assert (await world.confirm(case_id, 409))["code"] == "death_already_confirmed"


async def test_the_family_waives_what_is_not_mandatory(world: World) -> None:
    case_id = await world.confirmed()
    path = f"/matters/{case_id}/tasks"
    reason = {"reason": "家属自行办理"}
    assert (await world.post(f"{path}/T10/waive", world.resident("dan"), reason))["state"] == "WAIVED"
    refused = await world.post(f"{path}/T13/waive", world.resident("dan"), reason, 409)
    assert refused["code"] == "task_mandatory"
    assert (await world.post(f"{path}/T22/complete", world.resident("dan"), {"result": {}}, 403))["code"]
    await world.post(f"{path}/T10/waive", world.resident("eve"), reason, 404)
    await world.post(f"{path}/T99/waive", world.town, reason, 404)
    await world.post(f"/matters/{uuid7()}/tasks/T10/waive", world.town, reason, 404)
    who = await world.stand.scalar("select by from kernel.matter_action where kind = 'waived'")
    assert who == "dan"


async def test_nothing_to_do_needs_a_reason_and_no_result(world: World) -> None:
    case_id = await world.confirmed()
    path = f"/matters/{case_id}/tasks/T13/complete"
    refused = await world.post(path, world.town, {"outcome": "nothing_to_do"}, 422)
    assert refused["code"] == "reason_required"
    refused = await world.post(path, world.town, {"outcome": "nothing_to_do", "result": {"stopMonth": "2026-12"}}, 422)
    assert [error["field"] for error in refused["errors"]] == ["result"]
    refused = await world.post(path, world.town, {"result": {"overpaid": 12, "gift": "x"}}, 422)
    assert {error["field"] for error in refused["errors"]} == {"result.overpaid", "result.gift"}
    await world.post(path, world.town, {"outcome": "nothing_to_do", "reason": "无残疾证"})
    assert (await world.task(case_id, "T13"))["outcome"] == "nothing_to_do"


# ── who sees what ────────────────────────────────────────────────────────────────────────────────


async def test_each_role_sees_its_tasks(world: World) -> None:
    case_id = await world.confirmed()
    whole = await world.states(case_id)
    assert len(whole) == 26
    assert set(await world.states(case_id, world.resident("dan"))) == set(whole)
    village = await world.states(case_id, world.village)
    assert "T11" not in village  # that she draws relief is not the village's to read here
    assert "T13" not in village
    drawn = await world.stand.client.get(f"/api/affairs/matters/{case_id}/diagram", headers=world.village)
    assert "T11" not in drawn.text
    assert "低保" not in drawn.text
    finance = world.stand.headers(Role.FINANCE_OFFICER, DISTRICT, account="finance")
    assert "T11" in await world.states(case_id, finance)
    assert "T01" not in await world.states(case_id, finance)
    await world.get(f"/matters/{case_id}", world.stand.headers(Role.AUDITOR, DISTRICT), 403)
    listed = await world.get("/tasks?department=civil_affairs", world.village)
    assert {item["taskId"] for item in listed["items"]} == {"T21", "T23"}


async def test_the_diagram_is_coloured_by_state(world: World) -> None:
    case_id = await world.confirmed()
    answer = await world.stand.client.get(f"/api/affairs/matters/{case_id}/diagram", headers=world.town)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("flowchart LR")
    assert "classDef DONE" in answer.text
    assert "T01[[" in answer.text


async def test_the_work_list_is_of_ones_own_area_and_in_pages(world: World) -> None:
    case_id = await world.confirmed()
    assert (await world.get("/tasks?total=true", world.other_town))["total"] == 0
    await world.get("/tasks", world.resident("dan"), 403)
    first = await world.get("/tasks?limit=3&total=true", world.town)
    found, cursor = list(first["items"]), first["nextCursor"]
    while cursor:
        page = await world.get(f"/tasks?limit=3&cursor={cursor}", world.town)
        found, cursor = found + page["items"], page["nextCursor"]
    assert len(found) == first["total"] == len({item["taskId"] for item in found})
    open_states = {"READY", "SENT", "RETRY", "MANUAL"}
    assert {item["taskId"] for item in found} == {
        task for task, state in (await world.states(case_id)).items() if state in open_states
    }
    dues = [item["dueAt"] for item in found if item["dueAt"]]
    assert dues == sorted(dues)
    ready = await world.get("/tasks?state=READY&department=civil_affairs", world.town)
    assert [(item["taskId"], item["state"], item["personId"]) for item in ready["items"]] == [
        ("T13", "READY", world["ann"])
    ]
    done = await world.get("/tasks?state=DONE&department=hospital", world.town)
    assert [item["taskId"] for item in done["items"]] == ["T01"]
    for query in ("state=ASLEEP", "department=X Y", "area=330903", "cursor=zz", "limit=0"):
        await world.get(f"/tasks?{query}", world.town, 422)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────

MONDAY = datetime.fromisoformat("2026-03-02T09:00:00+08:00")


async def test_time_warns_and_runs_out_once(world: World) -> None:
    clock.set_to(MONDAY)
    case_id = await world.confirmed()
    found = await world.task(case_id, "T13")
    assert (found["due"], found["dueState"]) == ("2026-03-05", "on_time")
    clock.set_to(MONDAY + timedelta(days=3))
    await world.stand.settle()
    assert (await world.task(case_id, "T13"))["dueState"] == "warning"
    clock.set_to(MONDAY + timedelta(days=4))
    await world.stand.settle()
    await world.stand.settle()
    assert (await world.task(case_id, "T13"))["dueState"] == "overdue"
    clock.set_to(MONDAY + timedelta(days=8))
    await world.stand.settle()
    kinds = await world.stand.rows(
        "select kind, count(*) from kernel.matter_action where task = 'T13' and by = 'system:onething' group by 1"
    )
    assert dict(kinds) == {"warned": 1, "overdue": 1, "escalated": 1}
    late = [item for item in (await world.get("/tasks", world.town))["items"] if item["dueState"] == "overdue"]
    assert "T13" in {item["taskId"] for item in late}
    # Done late is late for ever.
    await world.post(f"/matters/{case_id}/tasks/T13/complete", world.town, {"result": {}})
    assert (await world.task(case_id, "T13"))["dueState"] == "overdue"


async def test_after_thirty_days_the_town_follows_up(world: World) -> None:
    clock.set_to(MONDAY)
    case_id = await world.confirmed()
    assert (await world.get("/deaths?needsFollowUp=true", world.town))["items"] == []
    clock.set_to(MONDAY + timedelta(days=32))
    await world.stand.settle()
    [item] = (await world.get("/deaths?needsFollowUp=true", world.town))["items"]
    assert item["id"] == case_id
    assert item["followUpAt"]
    assert (await world.get(f"/matters/{case_id}", world.town))["followedUpAt"]
    assert (await world.get("/deaths?needsFollowUp=true", world.other_town))["items"] == []


async def test_late_discovery_is_confirmed_with_its_own_date(world: World) -> None:
    body = {"personId": world["ann"], "source": "VILLAGE", "deathDate": days_ago(400), "place": "外地"}
    case_id = (await world.post("/deaths", world.village, body, 201))["caseId"]
    await world.give(case_id, deathDate=days_ago(400))
    await world.confirm(case_id, ago=400)
    await world.stand.settle()
    stop = (await world.task(case_id, "T06"))["result"]["stopMonth"]
    died = date.fromisoformat(days_ago(400))
    assert stop == f"{died.year + died.month // 12:04d}-{died.month % 12 + 1:02d}"


async def test_a_case_stays_where_it_was_opened(world: World) -> None:
    from shared.contracts.brain import PersonMoved

    case_id = await world.confirmed()
    moved = PersonMoved(person_id=world["ann"], from_area=VILLAGE, to_area=DONGGANG, on_date=clock.today())
    await world.stand.hear(moved)
    assert (await world.get(f"/deaths/{case_id}", world.town))["areaCode"] == VILLAGE
    await world.get(f"/deaths/{case_id}", world.other_town, 404)
    son = world.stand.headers(Role.TOWN_CLERK, LIUHENG, account="son", person=world["dan"])
    path = f"/matters/{case_id}/tasks/T13/complete"
    assert (await world.post(path, son, {"result": {}}, 403))["code"] == "close_relative"
    await world.revoke(case_id)
    await world.stand.settle()
