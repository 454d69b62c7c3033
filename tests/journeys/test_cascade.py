"""A death through the gateway: what a report does not do, what a confirmation does everywhere, and what follows.

The steps are those of the after-death cascade (domain §10); the people are those of the seed's story: over eighty, in a
home, on 低保 with a wife, with both subsidies, orders, a device, a pairing and points.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest

from shared import clock
from suite.simulators.departments import Behaviour
from tests.journeys.conftest import Scene
from tests.journeys.holdings import Holdings, look_at, month_back, recoveries, relief_case, spouse_of
from tests.journeys.money import lines_of, pay
from tests.journeys.steps import (
    ANSWERED,
    certify,
    confirm,
    confirmed_death,
    days_ago,
    matter_of,
    report,
)

pytestmark = [pytest.mark.journey, pytest.mark.db]

Person = Mapping[str, str]


# ── a life, and its end ──────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="reported, confirmed, and ended in every service, through the gateway")
@pytest.mark.plan("S-03", part="one matter across departments; staff, family and other towns see their share of it")
@pytest.mark.plan("R-02", part="a death ends the person's share and has the family looked at again")
@pytest.mark.plan("E-25", part="both subsidies end with the month of death")
@pytest.mark.plan("E-29", part="a death gives the bed back after cleaning")
@pytest.mark.plan("E-10", part="who died is on no list of those who wait")
@pytest.mark.plan("C-14", part="pairings stop with a death")
async def test_an_elder_dies_and_everything_ends_by_itself(stage: Scene) -> None:
    person = stage.story[0]
    died_on = days_ago(2)
    account = await _settle_him_in(stage, person)
    before = await look_at(stage, person)

    case_id = await _reports_stop_nothing(stage, person, died_on, before)
    await _another_town_sees_nothing(stage, person, case_id)
    await certify(stage, case_id, person, died_on)
    assert await look_at(stage, person) == before
    await confirm(stage, case_id, died_on)
    await stage.settle()

    matter = await matter_of(stage, case_id)
    assert {task: matter["tasks"][task]["state"] for task in ANSWERED} == dict.fromkeys(ANSWERED, "DONE")
    assert {task: matter["tasks"][task]["needsHuman"] for task in ANSWERED} == dict.fromkeys(ANSWERED, False)
    assert (matter["definition"], matter["version"], matter["state"]) == ("after-death", 1, "TASKS_RUNNING")
    _everything_has_ended(
        before, await look_at(stage, person), person, died_on, await spouse_of(stage, person["personId"])
    )
    await _his_account_is_closed(stage, account)
    await _the_family_follows(stage, person, case_id)
    await _notices_went_to_the_living(stage, person, case_id)
    await _another_town_sees_nothing(stage, person, case_id)
    await _nothing_begins_for_the_dead(stage, person)


async def _settle_him_in(scene: Scene, person: Person) -> str:
    """What the seed leaves out: an account, consents, a pledge to him, his own service as a volunteer. The account."""
    person_id = person["personId"]
    opened = await scene["system-admin"].post(
        "/api/brain/accounts",
        {
            "username": "elder-of-the-story",
            "name": person["name"],
            "areaCode": person["areaCode"],
            "initialPassword": "Initial-2026!",
            "personId": person_id,
        },
        status=201,
    )
    for purpose in ("DEVICE_TRACKING", "PHOTO"):
        await scene["village-clerk"].post(f"/api/brain/people/{person_id}/consents", {"purpose": purpose}, status=201)
    await scene["village-clerk"].post("/api/charity/volunteers", {"personId": person_id}, status=201)
    pledge = {
        "beneficiaryId": person_id,
        "donorOrgId": "org-of-the-story",
        "amount": "100.00",
        "fromMonth": clock.today().isoformat(),
        "toMonth": (clock.today() + timedelta(days=300)).isoformat(),
    }
    await scene["town-clerk"].post("/api/charity/pledges", pledge, status=201)
    return str(opened["username"])


async def _reports_stop_nothing(scene: Scene, person: Person, died_on: date, before: Holdings) -> str:
    """Village, home and family report, the village twice; one case, everything runs on."""
    case_id = await report(scene, person, died_on)
    assert await look_at(scene, person) == before
    again = {"deathDate": died_on.isoformat(), "place": "示例村卫生室"}
    path = f"/api/eldercare/elders/{person['personId']}/death-report"
    first = await scene["village-clerk"].post(path, again, status=202)
    assert await scene["village-clerk"].post(path, again, status=202) == first
    assert await report(scene, person, died_on, by="institution-admin") == case_id
    family = {"personId": person["personId"], "source": "FAMILY", "deathDate": died_on.isoformat(), "place": "敬老院"}
    joined = await scene["resident"].post("/api/affairs/deaths", family)
    assert (joined["caseId"], joined["isNew"]) == (case_id, False)
    await scene.settle()

    found = await scene["district-officer"].get("/api/affairs/deaths", personId=person["personId"])
    assert [one["id"] for one in found["items"]] == [case_id]
    case = await scene["town-clerk"].get(f"/api/affairs/deaths/{case_id}")
    assert sorted(one["kind"] for one in case["sources"]) == ["FAMILY", "INSTITUTION", "VILLAGE"]
    matter = await matter_of(scene, case_id)
    assert {matter["tasks"][task]["state"] for task in ANSWERED} == {"WAITING"}
    assert await look_at(scene, person) == before
    return case_id


async def _another_town_sees_nothing(scene: Scene, person: Person, case_id: str) -> None:
    """Empty lists, and 404 for what one knows the id of."""
    other, person_id = scene["town-clerk-2"], person["personId"]
    for path in ("/api/affairs/deaths", "/api/charity/pairings", "/api/charity/pledges", "/api/eldercare/stays"):
        assert (await other.get(path, personId=person_id))["items"] == [], path
    case = await relief_case(scene, person["householdId"])
    assert (await other.get("/api/relief/cases", householdId=person["householdId"]))["items"] == []
    assert (await other.get("/api/relief/rechecks", caseId=case["id"]))["items"] == []
    assert (await other.get("/api/relief/visits", householdId=person["householdId"]))["items"] == []
    assert (await other.get("/api/affairs/notices", caseId=case_id))["items"] == []
    for path in (
        f"/api/affairs/deaths/{case_id}",
        f"/api/affairs/matters/{case_id}",
        f"/api/affairs/matters/{case_id}/diagram",
        f"/api/brain/people/{person_id}",
        f"/api/brain/people/{person_id}/timeline",
        f"/api/eldercare/elders/{person_id}",
        f"/api/eldercare/beds/{person['bedId']}",
        f"/api/relief/cases/{case['id']}",
        f"/api/charity/people/{person_id}/points",
    ):
        await other.get(path, status=404)
    tasks = (await other.get("/api/affairs/tasks", limit="100"))["items"]
    assert case_id not in {task["caseId"] for task in tasks}


def _everything_has_ended(before: Holdings, after: Holdings, person: Person, died_on: date, wife: str) -> None:
    """Each effect of the steps 2 to 8 that these services own."""
    month = died_on.isoformat()[:7]
    # 2 · brain: status and date, the spouse's marital status, consents
    assert after["life"] == ("DECEASED", died_on.isoformat())
    assert (before["spouse"], after["spouse"]) == ("20", "30")
    assert [purpose for purpose, end in before["consents"] if end is None] == ["DEVICE_TRACKING", "PHOTO"]
    assert {end for _, end in after["consents"]} == {"DECEASED"}
    # 3 · eldercare: stay, bed, orders, device, subsidies
    assert after["elder"][:2] == ("DECEASED", died_on.isoformat())
    assert (before["bed"], after["bed"]) == ("OCCUPIED", "MAINTENANCE")
    assert after["stays"] == [(person["bedId"], "DECEASED", died_on.isoformat(), "DECEASED")]
    assert len(before["orders"]) == 2
    assert {state for _, _, state in before["orders"]} == {"DISPATCHED"}
    assert {state for _, _, state in after["orders"]} == {"CANCELLED"}
    assert [state for _, state in before["devices"]] == ["ISSUED"]
    assert [state for _, state in after["devices"]] == ["TO_RETRIEVE"]
    assert [(scheme, last) for scheme, _, last in after["subsidies"]] == [("care_subsidy", month), ("longevity", month)]
    assert after["waiting"] is None
    # 4 · relief: the share, the re-check within three months, the condolence visit within seven days
    assert (before["case"][:2], after["case"][:2]) == (("DIBAO", "ACTIVE"), ("DIBAO", "UNDER_REVIEW"))
    stops = (date.fromisoformat(f"{month}-01") + timedelta(days=31)).isoformat()[:7]
    shares = {person["personId"]: (False, stops), wife: (True, None)}
    assert {one: (counted, ends) for one, counted, ends in after["members"]} == shares
    [(about, due_on, done_at)] = after["rechecks"]
    assert (about, done_at) == (person["personId"], None)
    assert clock.today() < date.fromisoformat(due_on) <= clock.today() + timedelta(days=92)
    [(kind, about, due_on, done_at)] = after["visits"]
    assert (kind, about, done_at) == ("CONDOLENCE", person["personId"], None)
    assert date.fromisoformat(due_on) == clock.today() + timedelta(days=7)
    # 5 · payments: nothing was paid for a month after the death
    assert after["eldercare_recoveries"] == after["relief_recoveries"] == {}
    # 7 · charity: pairing, pledge, points for the heirs, volunteer account
    assert (before["pairings"], after["pairings"]) == ([("COMPANION", "RUNNING")], [("COMPANION", "STOPPED")])
    assert (before["pledges"], after["pledges"]) == ([("100.00", False)], [("100.00", True)])
    assert before["points"][0] == after["points"][0] > 0
    assert after["points"][1:] == (0, True)
    assert (before["volunteer"], after["volunteer"]) == ([True], [False])


async def _his_account_is_closed(scene: Scene, username: str) -> None:
    [account] = (await scene["system-admin"].get("/api/brain/accounts", username=username))["items"]
    assert account["isClosed"] is True


async def _the_family_follows(scene: Scene, person: Person, case_id: str) -> None:
    """His daughter sees case, matter, diagram and course; not what the case rests on."""
    daughter = scene["resident"]
    [case] = (await daughter.get("/api/affairs/deaths", personId=person["personId"]))["items"]
    assert (case["id"], case["state"]) == (case_id, "TASKS_RUNNING")
    whole = await daughter.get(f"/api/affairs/deaths/{case_id}")
    assert (whole["sources"], whole["evidence"], whole["assessment"]) == ([], [], None)
    theirs = await matter_of(scene, case_id, by="resident")
    ours = await matter_of(scene, case_id)
    assert theirs["progress"] == ours["progress"]
    assert theirs["tasks"].keys() == ours["tasks"].keys()
    assert "T03" in theirs["tasks"]
    drawn = await daughter.get(f"/api/affairs/matters/{case_id}/diagram")
    assert drawn.startswith("flowchart")
    course = await daughter.get(f"/api/brain/people/{person['personId']}/timeline", limit="100")
    types = {entry["type"] for entry in course["items"]}
    assert {"affairs.death.reported.v1", "affairs.death.confirmed.v1", "eldercare.elder.died.v1"} <= types
    assert {f"{name}.death.settled.v1" for name in ("brain", "eldercare", "relief", "charity")} <= types
    await scene["resident"].get(f"/api/affairs/deaths/{case_id}")


async def _notices_went_to_the_living(scene: Scene, person: Person, case_id: str) -> None:
    """Wife and daughter hear of it once each; to the dead goes nothing."""
    sent = (await scene["town-clerk"].get("/api/affairs/notices", caseId=case_id))["items"]
    wife = await spouse_of(scene, person["personId"])
    kin = (await scene["town-clerk"].get(f"/api/brain/people/{person['personId']}/kin"))["items"]
    assert wife in {one["relativeId"] for one in kin}
    assert sorted((one["personId"], one["template"], one["state"]) for one in sent) == sorted(
        (one["relativeId"], "affairs.death-confirmed", "SENT") for one in kin
    )
    for service in ("affairs", "charity"):
        to_him = await scene["town-clerk"].get(f"/api/{service}/notices", personId=person["personId"])
        assert [one for one in to_him["items"] if one["state"] != "SUPPRESSED"] == []


async def _nothing_begins_for_the_dead(scene: Scene, person: Person) -> None:
    """New orders, devices, beds, subsidies, points and reports are refused."""
    person_id, clerk = person["personId"], scene["town-clerk"]
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    order = {"personId": person_id, "item": "助浴", "slotFrom": tomorrow, "providerId": "centre-01"}
    await clerk.post("/api/eldercare/orders", order, status=409)
    redemption = {"use": "GOODS", "points": 1, "item": "大米"}
    await clerk.post(f"/api/charity/people/{person_id}/points/redemptions", redemption, status=409)
    said = {"deathDate": days_ago(1).isoformat(), "place": "别处"}
    await scene["village-clerk"].post(f"/api/eldercare/elders/{person_id}/death-report", said, status=409)


# ── found late ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="a death found late: every month since is claimed back, to the fen")
@pytest.mark.plan("E-25", part="recovery after a death found late")
@pytest.mark.plan("R-02", part="recovery of the family's benefit after a death found late")
async def test_a_death_found_three_months_late_is_claimed_back_for_every_month(stage: Scene) -> None:
    """Money of past months was paid; of this month one batch is at the bank, one approved, one still a draft."""
    person = stage.story[1]
    died_on = date.fromisoformat(f"{month_back(3)}-15")
    paid_months = [month_back(2), month_back(1)]
    this_month = month_back(0)
    sent = await pay(stage, "eldercare", "longevity", this_month, upto="export")
    approved = await pay(stage, "eldercare", "care_subsidy", this_month, upto="approve")
    draft = await pay(stage, "relief", "dibao", this_month, upto="run")
    elder = await stage["town-clerk"].get(f"/api/eldercare/elders/{person['personId']}")
    income = await stage["town-clerk"].get(f"/api/relief/households/{person['householdId']}/incomes")
    payee = (await relief_case(stage, person["householdId"]))["payeeId"]

    case_id = await confirmed_death(stage, person, died_on)

    longevity = {month: _longevity(date.fromisoformat(elder["birth"]), month) for month in [*paid_months, this_month]}
    wanted = {("longevity", month): _yuan(amount) for month, amount in longevity.items()}
    wanted |= {("care_subsidy", month): "500.00" for month in paid_months}
    assert await recoveries(stage, "eldercare", person["personId"]) == wanted
    [first] = income["items"]
    both, one = (_dibao(Decimal(first["monthlyIncome"]), heads) for heads in (2, 1))
    assert await recoveries(stage, "relief", payee) == {("dibao", month): _yuan(both - one) for month in paid_months}

    # at the bank: asked to stop; approved: taken out; a draft: cut to what the wife has
    assert await _lines(stage, "eldercare", sent, person["personId"]) == [("SENT", _yuan(longevity[this_month]), True)]
    assert await _lines(stage, "eldercare", approved, person["personId"]) == [("CANCELLED", "500.00", False)]
    assert await _lines(stage, "relief", draft, payee) == [
        ("CANCELLED", _yuan(both), False),
        ("PENDING", _yuan(one), False),
    ]
    after = await look_at(stage, person)
    assert {
        month: due for (_, month), (due, *_) in after["eldercare_months"].items() if month > died_on.isoformat()[:7]
    } == dict.fromkeys([*paid_months, this_month], "0.00")
    tasks = (await matter_of(stage, case_id))["tasks"]
    said = {effect["reason"] for effect in tasks["T12"]["effects"] if effect["task"] == "T12"}
    total = sum(longevity.values(), Decimal(0))
    assert any(f"建议追缴{total:,.2f}元" in reason for reason in said), said
    [told] = [effect["reason"] for effect in tasks["T11"]["effects"] if effect["task"] == "T11"]
    assert f"多发{(both - one) * len(paid_months):,.2f}元待追缴" in told


async def _lines(scene: Scene, service: str, batch_id: str, person_id: str) -> list[tuple[str, str, bool]]:
    """State, amount and stop request of a person's lines in a batch."""
    found = await lines_of(scene, service, batch_id, person_id)
    return [(line["state"], line["amount"], line["stopRequested"]) for line in found]


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _longevity(birth: date, month: str) -> Decimal:
    """50, 100 or 500 yuan from 80, 90, 100 years on, reached by the last day of the month."""
    year, number = int(month[:4]), int(month[5:])
    age = year - birth.year - (number < birth.month)
    return Decimal(500 if age >= 100 else 100 if age >= 90 else 50)


def _dibao(income: Decimal, heads: int) -> Decimal:
    """The standard of 1,167 yuan less income per head of the two it was counted for, a tenth more for each over
    seventy, up to whole yuan."""
    standard = Decimal(1167)
    exact = heads * (standard - income / 2) + heads * (standard / 10)
    return exact.to_integral_value(ROUND_CEILING)


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("A-09", part="no message to the dead")
@pytest.mark.plan("C-14", part="donors hear that a pairing has stopped")
async def test_the_dead_get_no_more_messages(stage: Scene) -> None:
    """A stands by C; B stands by C too. A dies, then C: of the pairings' end only B is told."""
    donor, other, cared_for = stage.story[2:5]
    for giver, kind in ((donor, "STUDY"), (other, "LIVING")):
        await stage["town-clerk"].post("/api/charity/pairings", _pairing(giver, cared_for, kind), status=201)
    await confirmed_death(stage, donor, days_ago(2))
    stopped = await stage["town-clerk"].get("/api/charity/pairings", personId=donor["personId"])
    assert {one["state"] for one in stopped["items"]} == {"STOPPED"}
    await confirmed_death(stage, cared_for, days_ago(1))
    to_donor = (await stage["town-clerk"].get("/api/charity/notices", personId=donor["personId"]))["items"]
    to_other = (await stage["town-clerk"].get("/api/charity/notices", personId=other["personId"]))["items"]
    assert {one["state"] for one in to_donor} <= {"SUPPRESSED"}
    assert [(one["template"], one["state"]) for one in to_other] == [("charity.pairing-stopped", "SENT")]
    assert all(person["name"] not in to_other[0]["text"] for person in (donor, cared_for))


def _pairing(giver: Person, cared_for: Person, kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "beneficiaryId": cared_for["personId"],
        "beneficiaryName": cared_for["name"],
        "called": "海岛老人",
        "needs": "定期探望",
        "donor": {"name": giver["name"], "personId": giver["personId"]},
        "consent": {"id": f"story-{kind}-{giver['personId'][-6:]}", "on": days_ago(30).isoformat(), "by": "SELF"},
        "contactRule": "DIRECT",
        "startsOn": days_ago(20).isoformat(),
        "endsOn": (clock.today() + timedelta(days=200)).isoformat(),
    }


# ── departments ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("S-03", part="departments that are slow, down or wrong hold up their own tasks only")
@pytest.mark.plan("A-09", part="departments through adapters: retried, then by hand, then done")
async def test_departments_fail_and_come_back(scene: Scene) -> None:
    """Social security is down, medical insurance answers nonsense, the funeral home is slow, police refuses."""
    person = scene.story[5]
    scene.departments.behaviours |= {
        "social_security": Behaviour("down"),
        "medical_insurance": Behaviour("wrong"),
        "funeral_home": Behaviour("slow", seconds=0.3),
    }
    case_id = await confirmed_death(scene, person, days_ago(1))
    tasks = (await matter_of(scene, case_id))["tasks"]
    assert {task: tasks[task]["state"] for task in ANSWERED} == dict.fromkeys(ANSWERED, "DONE")
    down = ("T06", "T07", "T08", "T09", "T24", "T25", "T26")
    assert {tasks[task]["state"] for task in down} == {"RETRY"}
    assert tasks["T02"]["state"] == "DONE"

    # medical insurance is back after two more tries
    for minutes in (1, 5):
        clock.shift(timedelta(minutes=minutes, seconds=1))
        await scene.settle()
    del scene.departments.behaviours["medical_insurance"]
    clock.shift(timedelta(minutes=30, seconds=1))
    await scene.settle()
    tasks = (await matter_of(scene, case_id))["tasks"]
    assert (tasks["T09"]["state"], tasks["T09"]["result"]["amount"]) == ("DONE", "912.35")
    assert tasks["T06"]["state"] == "RETRY"

    # after the last wait people take over, and one call by hand is enough once the department is up
    clock.shift(timedelta(hours=2, seconds=1))
    await scene.settle()
    tasks = (await matter_of(scene, case_id))["tasks"]
    assert {tasks[task]["state"] for task in down if task != "T09"} == {"MANUAL"}
    queue = (await scene["town-clerk"].get("/api/affairs/tasks", department="social_security", limit="100"))["items"]
    assert {task["taskId"] for task in queue if task["caseId"] == case_id and task["state"] == "MANUAL"} >= {"T06"}
    del scene.departments.behaviours["social_security"]
    await scene["town-clerk"].post(f"/api/affairs/matters/{case_id}/tasks/T06/retry")
    await scene.settle()
    tasks = (await matter_of(scene, case_id))["tasks"]
    following = (died := days_ago(1)).replace(day=28) + timedelta(days=4)
    assert (tasks["T06"]["state"], tasks["T06"]["result"]["stopMonth"]) == ("DONE", following.isoformat()[:7]), died
    asked = [call for call in scene.departments.asked if call["operation"] == "stop_pension"]
    assert len({call["callId"] for call in asked}) == len(asked)

    # refused is an answer: people look at it, nothing is asked again by itself
    scene.departments.behaviours["police"] = Behaviour("refuse")
    path = f"/api/affairs/matters/{case_id}/tasks/T03/materials"
    await scene["town-clerk"].post(path, {"material": "family_signature"})
    await scene.settle()
    clock.shift(timedelta(hours=3))
    await scene.settle()
    tasks = (await matter_of(scene, case_id))["tasks"]
    assert (tasks["T03"]["state"], tasks["T04"]["state"]) == ("DONE", "MANUAL")
    assert tasks["T04"]["reason"] == "查无此人"
    del scene.departments.behaviours["police"]
    await scene["town-clerk"].post(f"/api/affairs/matters/{case_id}/tasks/T04/retry")
    await scene.settle()
    tasks = (await matter_of(scene, case_id))["tasks"]
    assert {tasks[task]["state"] for task in ("T04", "T18", "T19")} == {"DONE"}

    # meanwhile the bed was cleaned
    path = f"/api/eldercare/beds/{person['bedId']}"
    assert (await scene["town-clerk"].get(path))["status"] == "MAINTENANCE"
    clock.shift(timedelta(hours=24))
    await scene.settle()
    assert (await scene["town-clerk"].get(path))["status"] == "VACANT"
