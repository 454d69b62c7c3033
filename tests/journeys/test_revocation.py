"""The way back through the gateway (domain §10, Reversal a to g): a mistaken death leaves nothing behind but what the
law says cannot come back by itself, and that is shown to people with what it was, what it became and what it is now."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared import clock
from suite.story.audit import verify_logs
from tests.journeys.conftest import SYSTEM, Scene
from tests.journeys.holdings import Holdings, look_at, month_back, recoveries, relief_case, spouse_of
from tests.journeys.money import SCHEMES, lines_of, pay, pay_everything
from tests.journeys.steps import (
    ANSWERED,
    WRONG,
    certify,
    confirm,
    confirmed_death,
    days_ago,
    matter_of,
    report,
    revoke,
)

pytestmark = [pytest.mark.journey, pytest.mark.db]

Person = Mapping[str, str]


def without(holdings: Holdings, *names: str) -> Holdings:
    """All but these."""
    return {name: value for name, value in holdings.items() if name not in names}


# ── a, b, d, e, f: everything comes back ─────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="a mistaken death is undone by two persons and everything comes back")
@pytest.mark.plan("C-14", part="pairings run again after a mistaken report")
async def test_a_mistake_is_undone_and_everything_is_as_before(stage: Scene) -> None:
    person = stage.story[0]
    person_id = person["personId"]
    await stage["village-clerk"].post(f"/api/brain/people/{person_id}/consents", {"purpose": "PHOTO"}, status=201)
    before = await look_at(stage, person)
    case_id = await confirmed_death(stage, person, days_ago(2))
    assert await look_at(stage, person) != before
    await _two_persons(stage, case_id)
    await stage.settle()

    # f · equal to the state before; a · only the consents must be given again
    after = await look_at(stage, person)
    assert without(after, "consents") == without(before, "consents", "orders") | {
        # c · orders whose time is still to come are offered again, not made anew
        "orders": [(item, slot, "CREATED") for item, slot, _ in before["orders"]]
    }
    assert (before["consents"], after["consents"]) == ([("PHOTO", None)], [("PHOTO", "DECEASED")])
    matter = await matter_of(stage, case_id)
    assert {matter["tasks"][task]["state"] for task in ANSWERED} == {"COMPENSATED"}
    case = await stage["town-clerk"].get(f"/api/affairs/deaths/{case_id}")
    assert [(one["state"], one["requestedBy"] != one["decidedBy"]) for one in case["revocations"]] == [
        ("APPROVED", True)
    ]
    await _apologies(stage, person, case_id)
    await _the_reporter_was_mistaken(stage, person, case_id)
    await _the_finding_is_in_the_log(stage, case_id)


async def _two_persons(scene: Scene, case_id: str) -> None:
    """Asking undoes nothing, and who asks cannot approve."""
    path = f"/api/affairs/deaths/{case_id}/revoke"
    await scene["town-clerk"].post(path, WRONG, status=403)
    await scene["district-reviewer"].post(f"{path}/approve", status=409)
    asked = await scene["district-officer"].post(path, WRONG, status=202)
    assert (asked["state"], asked["revocation"]["state"]) == ("REVOKING", "REQUESTED")
    limit = datetime.fromisoformat(asked["revocation"]["dueAt"])
    assert clock.now() < limit <= clock.now() + timedelta(days=11)  # one working day; the longest holidays are eight
    await scene.settle()
    assert (await matter_of(scene, case_id))["tasks"]["T15"]["state"] == "DONE"
    for who in ("district-officer", "town-clerk", "auditor"):
        await scene[who].post(f"{path}/approve", status=403)
    approved = await scene["district-reviewer"].post(f"{path}/approve")
    assert (approved["state"], approved["revocation"]["state"]) == ("REVOKED", "APPROVED")
    await scene["district-reviewer"].post(f"{path}/approve", status=409)


async def _apologies(scene: Scene, person: Person, case_id: str) -> None:
    """e · a letter on paper and in the app to the person, a word to the family."""
    sent = (await scene["town-clerk"].get("/api/affairs/notices", caseId=case_id))["items"]
    regrets = [one for one in sent if one["template"] == "affairs.death-revoked"]
    to_him = [one for one in regrets if one["personId"] == person["personId"]]
    assert sorted((one["channel"], one["state"]) for one in to_him) == [("IN_APP", "SENT"), ("PAPER", "SENT")]
    assert all("致歉" in one["text"] for one in to_him)
    kin = (await scene["town-clerk"].get(f"/api/brain/people/{person['personId']}/kin"))["items"]
    to_family = {one["personId"] for one in regrets} - {person["personId"]}
    assert to_family == {one["relativeId"] for one in kin}


async def _the_reporter_was_mistaken(scene: Scene, person: Person, case_id: str) -> None:
    """e · the error counts, seen with the next report; the true death is a case of its own, linked to this one."""
    other = scene.story[1]
    said = {"personId": other["personId"], "source": "TOWN", "deathDate": days_ago(1).isoformat(), "place": "家中"}
    linked = await scene["town-clerk"].post("/api/affairs/deaths", said | {"causeCaseId": case_id}, status=201)
    path = f"/api/eldercare/elders/{other['personId']}/death-report"
    await scene["village-clerk"].post(path, {"deathDate": days_ago(1).isoformat(), "place": "家中"}, status=202)
    await scene.settle()
    case = await scene["town-clerk"].get(f"/api/affairs/deaths/{linked['caseId']}")
    assert case["causeCaseId"] == case_id
    errors = {one["kind"]: one["reporterErrors"] for one in case["sources"]}
    assert errors == {"TOWN": 0, "VILLAGE": 1}
    ((caused_by,),) = await scene.rows(
        "affairs",
        "select cast(envelope as json) ->> 'causationid' from kernel.outbox"
        " where type = 'affairs.death.reported.v1' and subject = :person",
        person=other["personId"],
    )
    assert caused_by == case_id


async def _the_finding_is_in_the_log(scene: Scene, case_id: str) -> None:
    """e · audited, and the log still verifies."""
    for name in scene.suite.apps:
        while await scene.suite.runtime(name).loops["seal"].work():
            pass
    await verify_logs(scene["auditor"])
    export = await scene["auditor"].get("/api/affairs/operations/audit/export")
    assert any("mistaken_death" in line and case_id in line for line in export.splitlines())


@pytest.mark.plan("A-09", part="money after a mistake found late: nothing missing, nothing twice, to the fen")
@pytest.mark.plan("E-25", part="subsidies are paid on without a gap after a mistaken report")
@pytest.mark.plan("R-02", part="the family's benefit is paid on without a gap after a mistaken report")
async def test_money_comes_back_to_the_fen(stage: Scene) -> None:
    """b · a death three months back; meanwhile a month is paid without him, and the family pays some of it back."""
    person = stage.story[2]
    payee = (await relief_case(stage, person["householdId"]))["payeeId"]
    at_bank = await pay(stage, "eldercare", "longevity", month_back(0), upto="export")
    before = await look_at(stage, person)
    case_id = await confirmed_death(stage, person, date.fromisoformat(f"{month_back(3)}-10"))
    await pay(stage, "relief", "dibao", month_back(0))
    await pay(stage, "eldercare", "care_subsidy", month_back(0))
    repaid = {
        "eldercare": await _family_pays_back(stage, "eldercare", person["personId"]),
        "relief": await _family_pays_back(stage, "relief", payee),
    }
    assert all(repaid.values())
    await revoke(stage, case_id)
    await stage.settle()

    assert await recoveries(stage, "eldercare", person["personId"]) == {}
    assert await recoveries(stage, "relief", payee) == {}
    [line] = await lines_of(stage, "eldercare", at_bank, person["personId"])
    assert (line["state"], line["stopRequested"]) == ("SENT", False)  # the bank may pay it after all
    rows = [{"lineId": one["id"], "outcome": "PAID"} for one in await lines_of(stage, "eldercare", at_bank)]
    await stage["finance-officer"].post(f"/api/eldercare/payments/batches/{at_bank}/returns", {"rows": rows})
    await pay_everything(stage, month_back(0))

    after = await look_at(stage, person)
    for service in SCHEMES:
        months = after[f"{service}_months"]
        assert {month: due for month, (due, *_) in months.items()} == {
            month: due for month, (due, *_) in before[f"{service}_months"].items()
        }
        unsettled = {month: row for month, row in months.items() if row != (row[0], row[0], "0.00", "0.00")}
        assert unsettled == {}
    await pay_everything(stage, month_back(0))
    assert await look_at(stage, person) == after  # nothing is paid a second time


async def _family_pays_back(scene: Scene, service: str, person_id: str) -> list[str]:
    """Of what is to be recovered one month is paid back whole, one in part, the rest is only confirmed; the amounts."""
    found = await scene["district-officer"].get(
        f"/api/{service}/payments/recoveries", personId=person_id, state="PROPOSED"
    )
    repaid = []
    for number, one in enumerate(found["items"]):
        base = f"/api/{service}/payments/recoveries/{one['id']}"
        await scene["district-officer"].post(f"{base}/confirm")
        amount = (one["amount"], "1.00", "")[min(number, 2)]
        if amount:
            await scene["finance-officer"].post(f"{base}/repayments", {"amount": amount, "note": "家属退回"})
            repaid.append(amount)
    return repaid


# ── c: what cannot come back by itself ───────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="what a mistake cannot give back is a person's task with before, after and now")
@pytest.mark.plan("E-10", part="a bed lost to a mistaken report: top of the waiting list, a bed within a day")
async def test_what_was_given_away_is_shown_to_people(scene: Scene) -> None:
    """c · his bed has a new occupant, his device was fetched, his wife has married again, he was cremated."""
    person = scene.story[3]
    wife = await spouse_of(scene, person["personId"])
    before = await look_at(scene, person)
    case_id = await confirmed_death(scene, person, days_ago(1))
    await _cremated_and_struck_off(scene, case_id)
    clock.shift(timedelta(hours=25))
    await scene.settle()
    newcomer = await _gives_the_bed_to_another(scene, person)
    [device] = (await scene["town-clerk"].get("/api/eldercare/devices", personId=person["personId"]))["items"]
    await scene["town-clerk"].post(f"/api/eldercare/devices/{device['id']}/steps", {"action": "retrieve"})
    married = {"maritalStatus": "22", "reason": "再婚登记"}
    await _patch(scene, f"/api/brain/people/{wife}", married)
    await revoke(scene, case_id)
    await scene.settle()

    after = await look_at(scene, person)
    kept = ("bed", "stays", "devices", "orders", "spouse", "waiting", "elder", "eldercare_months", "relief_months")
    assert without(after, *kept) == without(before, *kept)
    assert (after["bed"], after["spouse"], after["elder"][0]) == ("OCCUPIED", "22", "ALIVE")
    assert [state for _, state in after["devices"]] == ["RETRIEVED"]
    assert (await scene["town-clerk"].get("/api/eldercare/stays", bedId=person["bedId"]))["items"][-1][
        "personId"
    ] == newcomer

    queue = (await scene["town-clerk"].get("/api/eldercare/waiting-list"))["items"]
    assert queue[0]["personId"] == person["personId"]
    assert clock.now() < datetime.fromisoformat(queue[0]["dueAt"]) <= clock.now() + timedelta(hours=24)

    tasks = (await matter_of(scene, case_id))["tasks"]
    human = {
        task: [one["reason"] for one in tasks[task]["effects"] if one["outcome"] == "needs_human"] for task in tasks
    }
    assert any("原床位已另行安排" in reason and "轮候首位" in reason for reason in human["T15"]), human
    assert any(
        "原为ISSUED" in reason and "改为TO_RETRIEVE" in reason and "现为RETRIEVED" in reason for reason in human["T15"]
    )
    [status] = human["T21"]
    assert all(words in status for words in ("原为20", "改为30", "现为22"))
    assert {task: (tasks[task]["state"], tasks[task]["needsHuman"]) for task in ("T15", "T21")} == {
        "T15": ("COMPENSATING", True),
        "T21": ("COMPENSATING", True),
    }
    # police and social security undid theirs; who was cremated is for people to find out
    assert {tasks[task]["state"] for task in ("T04", "T05", "T06", "T09")} == {"COMPENSATED"}
    assert (tasks["T03"]["state"], tasks["T03"]["needsHuman"]) == ("COMPENSATING", True)
    undone = {call["operation"] for call in scene.departments.asked}
    assert {"restore_registration", "restore_id_card", "resume_pension", "restore_insurance"} <= undone

    work = (await scene["town-clerk"].get("/api/affairs/tasks", limit="100"))["items"]
    waiting = {one["taskId"] for one in work if one["caseId"] == case_id and one["needsHuman"]}
    assert {"T01", "T03", "T15", "T21"} <= waiting
    for task in sorted(waiting):
        path = f"/api/affairs/matters/{case_id}/tasks/{task}/compensate"
        await scene["town-clerk"].post(path, {"reason": "已核实并妥善处理"})
    assert (await matter_of(scene, case_id))["state"] == "REVOKED"


async def _cremated_and_struck_off(scene: Scene, case_id: str) -> None:
    """The family signs, the funeral home cremates, police cancels registration and card."""
    path = f"/api/affairs/matters/{case_id}/tasks/T03/materials"
    await scene["town-clerk"].post(path, {"material": "family_signature"})
    await scene.settle()
    tasks = (await matter_of(scene, case_id))["tasks"]
    assert {tasks[task]["state"] for task in ("T03", "T04", "T05")} == {"DONE"}


async def _gives_the_bed_to_another(scene: Scene, person: Person) -> str:
    """Somebody without a bed moves in; her id."""
    free = "select e.person_id from elder e where area_code like '330903100%' and ability_level is not null and not"
    free += " exists (select from stay s where s.person_id = e.person_id) order by 1 limit 1"
    ((newcomer,),) = await scene.rows("eldercare", free)
    claim = {"personId": newcomer}
    stay = await scene["institution-admin"].post(f"/api/eldercare/beds/{person['bedId']}/stays", claim, status=201)
    await scene["institution-admin"].post(f"/api/eldercare/stays/{stay['id']}/check-in", {"contractNo": "HT-9"})
    return str(newcomer)


async def _patch(scene: Scene, path: str, body: dict[str, Any]) -> None:
    signed = {"authorization": f"Bearer {scene['town-clerk'].token}"}
    answer = await scene.client.patch(path, json=body, headers=signed)
    assert answer.status_code == 200, answer.text


# ── g: whichever comes first ─────────────────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="a revocation that overtakes its confirmation cancels it; dying after it is a new case")
async def test_a_revocation_that_arrives_first_cancels_the_confirmation(stage: Scene) -> None:
    person = stage.story[4]
    before = await look_at(stage, person)
    case_id = await report(stage, person, days_ago(3))
    await certify(stage, case_id, person, days_ago(3))
    await stage.settle()
    await confirm(stage, case_id, days_ago(3))
    await _held_back(stage, case_id, "affairs.death.confirmed.v1", is_held=True)
    await stage.settle()
    assert await look_at(stage, person) == before
    await revoke(stage, case_id)
    await stage.settle()
    assert await look_at(stage, person) == before
    await _held_back(stage, case_id, "affairs.death.confirmed.v1", is_held=False)
    await stage.settle()

    assert await look_at(stage, person) == before
    for service in ("brain", "eldercare", "relief", "charity", "affairs"):
        heard = "select type, state from kernel.inbox where envelope like :case and type like 'affairs.death.%ed.v1'"
        states = dict(await stage.rows(service, heard, case=f"%{case_id}%"))
        assert states["affairs.death.confirmed.v1"] == states["affairs.death.revoked.v1"] == "done", service
        alive = "select count(*) from kernel.effect where cause = :case and annulled_at is null"
        assert await stage.rows(service, alive, case=case_id) == [(0,)], service
    told = (await stage["town-clerk"].get("/api/affairs/notices", caseId=case_id))["items"]
    assert "affairs.death-confirmed" not in {one["template"] for one in told}
    matter = await matter_of(stage, case_id)
    assert {matter["tasks"][task]["state"] for task in ANSWERED} <= {"COMPENSATED", "SKIPPED"}

    # the case is over: only a new one can be confirmed, and it counts
    again = {"deathDate": days_ago(3).isoformat()}
    await stage["district-officer"].post(f"/api/affairs/deaths/{case_id}/confirm", again, status=409)
    new_case = await report(stage, person, days_ago(1), by="institution-admin")
    assert new_case != case_id
    await certify(stage, new_case, person, days_ago(1))
    await confirm(stage, new_case, days_ago(1))
    await stage.settle()
    after = await look_at(stage, person)
    assert (after["life"][0], after["spouse"], after["bed"]) == ("DECEASED", "30", "MAINTENANCE")
    tasks = (await matter_of(stage, new_case))["tasks"]
    assert {tasks[task]["state"] for task in ANSWERED} == {"DONE"}


async def _held_back(scene: Scene, case_id: str, event_type: str, *, is_held: bool) -> None:
    """Keep an event from being sent for a while, as when a message takes another way through the network."""
    sent_at = "now()" if is_held else "null"
    statement = f"update kernel.outbox set sent_at = {sent_at} where type = :type and envelope like :case"
    async with scene.suite.database("affairs").unit(SYSTEM, "test", worker=True) as unit:
        unit.audited = False
        held = await unit.execute(text(statement), {"type": event_type, "case": f"%{case_id}%"})
        assert held.rowcount == 1  # type: ignore[attr-defined]


# ── the second person ────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="who asked for the revocation cannot approve it in another post")
async def test_the_same_person_in_another_post_cannot_approve(scene: Scene) -> None:
    """The officer asks, is made a reviewer, and tries to approve what she asked for."""
    person = scene.story[5]
    case_id = await confirmed_death(scene, person, days_ago(1))
    path = f"/api/affairs/deaths/{case_id}/revoke"
    await scene["district-officer"].post(path, WRONG, status=202)
    [account] = (await scene["security-admin"].get("/api/brain/accounts", username="district-officer"))["items"]
    units = (await scene["security-admin"].get("/api/brain/units", limit="100"))["items"]
    bureau = next(unit["unitId"] for unit in units if unit["kind"] == "CIVIL_BUREAU")
    post = {"unitId": bureau, "role": "DISTRICT_REVIEWER", "fromDate": clock.today().isoformat()}
    await scene["security-admin"].post(f"/api/brain/accounts/{account['id']}/posts", post, status=201)
    await scene.settle()
    await scene["district-officer"].get(f"/api/affairs/deaths/{case_id}", status=401)  # the old post's session is over
    await scene["district-officer"].sign_in(scene.suite.settings.demo_password)
    refused = await scene["district-officer"].post(f"{path}/approve", status=403)
    assert refused["code"] == "same_person"
    declined = await scene["district-reviewer"].post(f"{path}/decline", {"reason": "证据不足"})
    assert (declined["state"], declined["revocation"]["state"]) == ("TASKS_RUNNING", "DECLINED")
    await scene.settle()
    file = await scene["town-clerk"].get(f"/api/brain/people/{person['personId']}")
    assert file["lifeStatus"] == "DECEASED"
