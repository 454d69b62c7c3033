"""Who comes to the door: who counts, who may apply, and for whom (R-02, R-05)."""

import asyncio
from datetime import date

import pytest

from services.relief.households.rules import Condition
from shared import clock
from shared.db.principals import Role
from tests.relief.applying import Applying, family, id_number, person
from tests.relief.families import LIUHENG


async def test_who_does_not_count_is_not_entered_and_told_why(town: Applying) -> None:
    relief = town.relief
    grown = person("CHILD", date(1996, 3, 1), livesTogether=False)
    told = family(person(), person("SPOUSE", away="PRISON"), grown, person("PARENT", date(1946, 1, 1)), income="0.00")
    applied = await town.apply(told)
    assert [member["relation"] for member in await town.members()] == ["SELF", "PARENT"]
    why = await relief.get(f"/decisions/{applied['compositionId']}/why", town.clerk)
    assert [reason["result"] for reason in why["reasons"]] == [True, False, False, True]
    assert "服刑" in why["reasons"][1]["sentence"]
    body = {"householdId": applied["householdId"], "family": told}
    await relief.post("/applications", town.clerk, body, 422)
    twice = family(person(), person("SELF"))
    assert (await relief.post("/applications", town.clerk, {"family": twice}, 422))["code"] == "applicant_first"


@pytest.mark.plan("R-02", part="support of one person alone")
async def test_alone_on_a_ground_of_the_law_only(town: Applying) -> None:
    relief = town.relief
    told = family(person(), person("SPOUSE"), income="0.00", single={"isInMarginalFamily": True})
    assert (await relief.post("/applications", town.clerk, {"family": told}, 409))["code"] == "not_alone"
    assert await relief.stand.scalar("select count(*) from household") == 0
    disabled = person(conditions=[{"kind": "SEVERE_DISABILITY", "fromMonth": "2020-01"}])
    told = family(disabled, person("SPOUSE"), income="100.00", single={"isInMarginalFamily": True})
    applied = await town.apply(told)
    assert len(await town.members()) == 1
    why = await relief.get(f"/decisions/{applied['aloneId']}/why", town.clerk)
    assert (why["outcome"], why["reasons"][0]["result"]) == ("granted", True)
    await town.submit()
    await town.do("accept", town.clerk)
    await town.do("investigate", town.clerk)
    await town.survey()
    await town.verified()
    # standard less own income, and the supplement of one severely disabled
    assert (await town.opinion())["amount"] == "1301.00"


@pytest.mark.plan("R-02", part="a severely disabled member of a 低边 family is supported alone")
async def test_a_member_of_a_marginal_family_is_set_apart_when_it_is_granted(town: Applying) -> None:
    relief, grown = town.relief, date(1975, 6, 1)
    ill = {1: [Condition("SEVERE_DISABILITY", date(2020, 1, 1))]}
    known = await relief.enter(grown, grown, income=3200, kind="MARGINAL", conditions=ill)
    ask = {"memberId": known.member_ids[0], "monthlyIncome": "100.00"}
    body = {"householdId": known.household_id, "single": ask}
    assert (await relief.post("/applications", town.clerk, body, 409))["code"] == "not_alone"
    strange = body | {"single": ask | {"memberId": "0190a0a0-0000-7000-8000-000000000000"}}
    assert (await relief.post("/applications", town.clerk, strange, 422))["code"] == "not_a_member"
    body |= {"single": ask | {"memberId": known.member_ids[1]}}
    town.last = await relief.post("/applications", town.clerk, body, 201)
    town.id = town.last["id"]
    why = await relief.get(f"/decisions/{town.last['aloneId']}/why", town.clerk)
    assert [reason["result"] for reason in why["reasons"]] == [True, False, True]
    await town.submit()
    await town.do("accept", town.clerk)
    await town.do("investigate", town.clerk)
    await town.survey()
    await town.verified()
    # 1,167 less her own 100, and the supplement; what the family earns is left out
    assert ((await town.opinion())["kind"], town.last["amount"]) == ("DIBAO", "1301.00")
    notice = await town.publish()
    assert (notice["name"], notice["familySize"]) == ("示*", 1)
    await town.declare(neighbour=True)
    await town.wait_until(date(2026, 3, 10))
    await town.survey(relief.district)
    approved = await town.do("approve", town.reviewer, {"reason": "同意"})
    case = await relief.get(f"/cases/{approved['caseId']}", town.clerk)
    assert (case["payeeId"], case["householdId"] != known.household_id) == (known.people[1], True)
    assert [member["name"] for member in case["members"]] == ["示*"]
    filed = (await relief.get(f"/households/{case['householdId']}/filings", town.clerk))["items"]
    # the neighbour keeps the first member's card, not hers
    assert [(one["kind"], one["isPositive"]) for one in filed] == [("KINSHIP", False), ("CARD", False)]
    left = await relief.get(f"/households/{known.household_id}", town.clerk)
    assert [member["validTo"] for member in left["members"]] == [None, "2026-03-31"]
    await town.wait_until(date(2026, 4, 2))
    assert (await relief.get(f"/cases/{case['id']}", town.clerk))["monthlyAmount"] == "1301.00"
    assert (await relief.get(f"/cases/{known.case_id}", town.clerk))["state"] == "ACTIVE"
    await relief.get(f"/households/{known.household_id}", relief.resident(known.people[1]), 404)


async def test_a_resident_applies_for_her_own_family_alone(town: Applying) -> None:
    relief = town.relief
    first = person()
    key = relief.stand.app.state.person_key
    herself, other = (
        relief.resident(key.id_for(first["idNumber"])),
        relief.resident(key.id_for(id_number(date(1990, 1, 1)))),
    )
    refused = await relief.post("/applications", other, {"family": family(first)}, 403)
    assert refused["code"] == "not_own_family"
    await town.apply(family(first, income="0.00"), herself)
    body = {"signedOn": "2026-03-02", "authorisedBy": [key.id_for(first["idNumber"])]}
    await town.do("submit", herself, body)
    await relief.get(f"/applications/{town.id}", other, 404)
    await relief.get(f"/applications/{town.id}", relief.other_town, 404)
    await town.do("accept", relief.other_town, expect=404)
    await town.do("accept", herself, expect=403)
    await town.do("accept", town.clerk)


async def test_a_resident_learns_nothing_of_others_by_their_numbers(town: Applying) -> None:
    relief = town.relief
    helped, dead, first = person(), person(), person()
    key = relief.stand.app.state.person_key
    await town.apply(family(helped, income="0.00"))
    await relief.stand.hear(relief.confirmed(key.id_for(dead["idNumber"]), clock.today()))
    herself = relief.resident(key.id_for(first["idNumber"]))
    answers = []
    for other in (helped, dead):
        told = family(first, other | {"relation": "SPOUSE"})
        answers.append(await relief.post("/applications", herself, {"family": told}, 409))
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "see_counter"
    # the counter, with the card in hand, is told
    told = family(first, helped | {"relation": "SPOUSE"})
    refused = await relief.post("/applications", town.clerk, {"family": told}, 409)
    assert refused["code"] == "person_in_household"


async def test_staff_keep_away_from_their_own_family(town: Applying) -> None:
    await town.apply()
    await town.submit()
    own = (await town.members())[1]["personId"]
    herself = town.relief.stand.headers(Role.TOWN_CLERK, LIUHENG, account="clerk-own", person=own)
    assert (await town.do("accept", herself, expect=403))["code"] == "close_relative"
    await town.do("accept", town.clerk)


async def test_bad_applications(town: Applying) -> None:
    relief = town.relief
    broken = person() | {"idNumber": "330999195001010015"}
    refused = await relief.post("/applications", town.clerk, {"family": family(broken)}, 422)
    assert refused["errors"][0]["field"].endswith("idNumber")
    for body in ({}, {"householdId": "0190a0a0-0000-7000-8000-000000000000", "family": family()}):
        await relief.post("/applications", town.clerk, body, 422)
    away = family(person(away="PRISON"), person("SPOUSE"))
    assert (await relief.post("/applications", town.clerk, {"family": away}, 409))["code"] == "applicant_not_counted"
    strange = family() | {"registeredArea": "330902001001"}
    assert (await relief.post("/applications", town.clerk, {"family": strange}, 409))["code"] == "not_registered_here"
    outside = family() | {"areaCode": "330903003001"}
    assert (await relief.post("/applications", town.clerk, {"family": outside}, 403))["code"] == "area_outside"
    assert await relief.stand.scalar("select count(*) from application") == 0


async def test_the_same_family_applies_once_however_often_it_is_entered(town: Applying) -> None:
    body = {"family": family()}
    client, path = town.relief.stand.client, "/api/relief/applications"
    answers = await asyncio.gather(*(client.post(path, headers=town.clerk, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await town.relief.stand.scalar("select count(*) from application") == 1
