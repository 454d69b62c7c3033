"""A family from a knock on the door to its benefit, and what happens to that when one of them dies."""

from datetime import date, timedelta

import pytest

from shared import clock
from shared.china import resident_id
from suite.seed.places import STORY_VILLAGE
from tests.journeys.conftest import Scene
from tests.journeys.steps import certify, confirm

CARD = "6228480360100000015"


def until(day: date) -> None:
    """Let the suite's calendar reach the morning of a day."""
    clock.set_to(clock.start_of_day(day) + timedelta(hours=9))


@pytest.mark.plan("R-02", part="from identity cards to a benefit, through the gateway")
@pytest.mark.plan("R-24", part="one card, one key, through the gateway")
async def test_a_family_is_helped_and_the_help_follows_its_life(scene: Scene) -> None:
    until(date(2026, 3, 2))
    clerk, leader = scene["town-clerk"], scene["town-leader"]
    numbers = [resident_id.make("330999", birth, 951) for birth in (date(1975, 6, 1), date(1977, 6, 1))]
    registered = []
    for number, name in zip(numbers, ("王示海", "李示平"), strict=True):
        body = {"name": name, "areaCode": STORY_VILLAGE, "idNumber": number}
        registered.append(await scene["district-officer"].post("/api/brain/people", body, status=201))
    await scene.settle()
    people = [
        {"idNumber": number, "name": name, "relation": relation}
        for number, name, relation in zip(numbers, ("王示海", "李示平"), ("SELF", "SPOUSE"), strict=True)
    ]
    family = {"areaCode": STORY_VILLAGE, "registeredArea": STORY_VILLAGE, "people": people, "monthlyIncome": "600.00"}
    applied = await clerk.post("/api/relief/applications", {"family": family}, status=201)
    path = f"/api/relief/applications/{applied['id']}"
    # the number alone says who it is, in every service
    assert applied["applicantId"] == registered[0]["personId"]
    both = [one["personId"] for one in registered]
    await clerk.post(f"{path}/submit", {"signedOn": "2026-03-02", "authorisedBy": both})
    await clerk.post(f"{path}/accept")
    await clerk.post(f"{path}/investigate")
    seen = {"surveyedOn": "2026-03-02", "surveyors": ["王示一", "李示二"], "isSigned": True, "finding": "属实"}
    await clerk.post(f"{path}/surveys", seen, status=201)
    # one key: the numbers on their cards are all the departments need
    scene.departments.holdings["tax/income", numbers[1]] = [{"item": "WAGE", "value": "7200.00"}]
    signed = [{"idNumber": number, "signedOn": "2026-03-02"} for number in numbers]
    key = {"householdId": applied["householdId"], "applicationId": applied["id"], "authorisations": signed}
    asked = await clerk.post("/api/relief/verifications", key, status=201)
    await scene.settle()
    report = await clerk.get(f"/api/relief/verifications/{asked['id']}")
    assert (report["state"], report["income"], report["difference"]) == ("REPORTED", "600.00", "0.00")
    assert (await clerk.get(path))["verifiedAt"] is not None
    found = {"withinProperty": True, "withinMarginalProperty": True, "hasAbleSupporter": True, "opinion": "拟予确认"}
    opinion = await leader.post(f"{path}/opinion", found)
    assert (opinion["kind"], opinion["amount"]) == ("DIBAO", "1734.00")
    notice = await clerk.post(f"{path}/publicity", {"place": "村务公开栏", "text": "公示"}, status=201)
    public = await scene.client.get(f"/api/relief/publicity/{notice['id']}")
    assert (public.status_code, public.json()["name"], public.json()["amount"]) == (200, "王*海", "1734.00")
    for kind in ("KINSHIP", "CARD"):
        filing = {"kind": kind, "isPositive": False, "declaredBy": both[0], "declaredOn": "2026-03-02"}
        await clerk.post(f"/api/relief/households/{applied['householdId']}/filings", filing, status=201)
    until(date(2026, 3, 10))
    await scene.settle()
    approved = await scene["district-reviewer"].post(f"{path}/approve", {"reason": "情况属实"})
    assert (approved["state"], approved["fromMonth"]) == ("APPROVED", "2026-04")
    account = {"personId": both[0], "holder": "王示海", "card": CARD}
    await clerk.post(f"/api/relief/cases/{approved['caseId']}/account", account)
    case = await clerk.get(f"/api/relief/cases/{approved['caseId']}")
    assert (case["state"], case["decisionId"]) == ("ACTIVE", approved["decisionId"])
    until(date(2026, 4, 20))
    assert (await clerk.get(f"/api/relief/cases/{approved['caseId']}"))["monthlyAmount"] == "1734.00"
    # the husband dies: his share stops with the month by itself, and the town has to look again
    died_on = date(2026, 4, 18)
    report = {"personId": both[0], "source": "TOWN", "deathDate": died_on.isoformat(), "place": "家中"}
    death = (await clerk.post("/api/affairs/deaths", report, status=201))["caseId"]
    await certify(scene, death, {"idNumber": numbers[0]}, died_on)
    await confirm(scene, death, died_on)
    await scene.settle()
    why = await clerk.get(f"/api/relief/cases/{approved['caseId']}/why", month="2026-05")
    assert (why["outcome"], why["amount"]) == ("granted", "867.00")
    assert (await clerk.get(f"/api/relief/cases/{approved['caseId']}"))["state"] == "UNDER_REVIEW"
