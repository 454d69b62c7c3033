"""Two filings: kinship with those on duty, and cards kept by others (R-28, X-02)."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.relief.filings.rules import AgreementMissing, NotOnDuty, PartiesDoNotFit, check, missing
from shared import clock
from shared.db.principals import Role
from shared.db.problems import Problem
from tests.relief.families import LIUHENG, Families, Family, person_id

ADULT = date(1975, 6, 1)


def declaration(family: Family, kind: str, **more: Any) -> dict[str, Any]:
    """Nothing to declare, signed by the applicant today."""
    plain = {"kind": kind, "isPositive": False, "declaredBy": family.people[0], "declaredOn": clock.today().isoformat()}
    return plain | more


def cadre(family: Family, **more: Any) -> dict[str, Any]:
    """A cousin of the first member who is a village cadre."""
    plain = {"memberId": family.member_ids[0], "name": "示大海", "duty": "VILLAGE_CADRE", "relation": "SIBLING"}
    return plain | {"unitName": "示例村村民委员会"} | more


@pytest.mark.parametrize(
    ("kind", "is_positive", "duties", "has_agreement", "problem"),
    [
        ("KINSHIP", False, [], False, None),
        ("KINSHIP", True, ["VILLAGE_CADRE"], False, None),
        ("KINSHIP", True, ["OTHER"], False, NotOnDuty),
        ("KINSHIP", True, [], False, PartiesDoNotFit),
        ("KINSHIP", False, ["RELIEF_STAFF"], False, PartiesDoNotFit),
        ("CARD", False, [], False, None),
        ("CARD", True, ["OTHER"], False, None),
        ("CARD", True, ["RELIEF_STAFF"], False, AgreementMissing),
        ("CARD", True, ["OTHER", "VILLAGE_CADRE"], False, AgreementMissing),
        ("CARD", True, ["RELIEF_STAFF"], True, None),
    ],
)
def test_what_a_declaration_needs(
    kind: str, is_positive: bool, duties: list[str], has_agreement: bool, problem: type[Problem] | None
) -> None:
    if problem is None:
        check(kind, is_positive=is_positive, duties=duties, has_agreement=has_agreement)
        return
    with pytest.raises(problem):
        check(kind, is_positive=is_positive, duties=duties, has_agreement=has_agreement)


def test_both_are_made_whatever_they_say() -> None:
    assert missing([]) == ["KINSHIP", "CARD"]
    assert missing(["CARD"]) == ["KINSHIP"]
    assert missing(["CARD", "KINSHIP"]) == []


@pytest.mark.plan("R-28", part="both declarations filed with the district, agreement about a card kept by staff")
async def test_declarations_are_filed_and_a_later_one_takes_the_place(relief: Families) -> None:
    family = await relief.enter(ADULT)
    path = f"/households/{family.household_id}/filings"
    first = await relief.post(path, relief.village, declaration(family, "KINSHIP"), 201)
    assert (first["title"], first["isPositive"], first["isCurrent"]) == ("近亲属备案", False, True)
    named = declaration(family, "KINSHIP", isPositive=True, parties=[cadre(family)])
    second = await relief.post(path, relief.town, named, 201)
    assert [(one["name"], one["duty"]) for one in second["parties"]] == [("示*海", "VILLAGE_CADRE")]
    kept = declaration(family, "CARD", isPositive=True, parties=[cadre(family)])
    refused = await relief.post(path, relief.town, kept, 422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("agreement_missing", "agreementNo")
    agreed = kept | {"agreementNo": "代管协议-1", "agreementOn": clock.today().isoformat()}
    await relief.post(path, relief.town, agreed, 201)
    # the district has them at once, and what was said before stays to be read
    seen = (await relief.get(path, relief.district))["items"]
    assert [(one["kind"], one["isPositive"], one["isCurrent"]) for one in seen] == [
        ("KINSHIP", False, False),
        ("KINSHIP", True, True),
        ("CARD", True, True),
    ]
    assert seen[2]["agreementNo"] == "代管协议-1"
    assert len((await relief.get(path, relief.resident(family.people[0])))["items"]) == 3
    await relief.get(path, relief.other_town, 404)
    sealed = await relief.stand.scalar("select name from filing_party limit 1")
    assert "示大海".encode() not in sealed


async def test_what_a_declaration_may_not_say(relief: Families) -> None:
    family, other = await relief.enter(ADULT), await relief.enter(ADULT)
    path = f"/households/{family.household_id}/filings"
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    for body, code, field in (
        (declaration(family, "KINSHIP", isPositive=True), "parties_do_not_fit", "parties"),
        (declaration(family, "KINSHIP", declaredOn=tomorrow), "date_in_future", "declaredOn"),
        (declaration(family, "KINSHIP", declaredBy=person_id(5)), "not_a_member", "declaredBy"),
        (declaration(family, "KINSHIP", isPositive=True, parties=[cadre(other)]), "not_a_member", "parties"),
    ):
        refused = await relief.post(path, relief.town, body, 422)
        assert (refused["code"], refused["errors"][0]["field"]) == (code, field)
    await relief.post(path, relief.other_town, declaration(family, "KINSHIP"), 404)
    await relief.post(path, relief.district, declaration(family, "KINSHIP"), 403)
    assert await relief.stand.scalar("select count(*) from filing") == 0


@pytest.mark.plan("R-28")
async def test_from_declaration_to_the_district_at_the_door(relief: Families) -> None:
    """Both filings of a family that is helped already: chased, made, visited by two of the district, counted."""
    family = await relief.enter(ADULT)
    assert (await relief.get("/filings/missing?total=true", relief.town))["total"] == 1
    path = f"/households/{family.household_id}/filings"
    named = declaration(family, "KINSHIP", isPositive=True, parties=[cadre(family)])
    relative = await relief.post(path, relief.town, named, 201)
    neighbour = [cadre(family, duty="OTHER", relation="OTHER", unitName="同村")]
    card = await relief.post(path, relief.town, declaration(family, "CARD", isPositive=True, parties=neighbour), 201)
    assert (await relief.get("/filings/missing", relief.town))["items"] == []
    waiting = await relief.get("/filings/to-visit?total=true", relief.district)
    assert (waiting["total"], [one["id"] for one in waiting["items"]]) == (2, [relative["id"], card["id"]])
    found = await relief.get("/filings/coverage", relief.district)
    assert (found["share"], found["areas"][0]["unvisited"]) == ("100.00", 1)
    body = {"visitedOn": clock.today().isoformat(), "visitors": ["王示一"], "finding": "属实"}
    for one in (relative, card):
        door = f"/filings/{one['id']}/visit"
        await relief.post(door, relief.town, body, 403)
        assert (await relief.post(door, relief.district, body, 422))["code"] == "too_few_visitors"
        both = body | {"visitors": ["王示一", "李示二"]}
        early = both | {"visitedOn": (clock.today() - timedelta(days=1)).isoformat()}
        assert (await relief.post(door, relief.district, early, 422))["code"] == "visit_date"
        seen = await relief.post(door, relief.district, both)
        assert (seen["visitedOn"], seen["visitFinding"]) == (clock.today().isoformat(), "属实")
        assert (await relief.post(door, relief.district, both, 409))["code"] == "nothing_to_visit"
    assert (await relief.get("/filings/to-visit", relief.district))["items"] == []
    assert (await relief.get("/filings/coverage", relief.district))["areas"][0]["unvisited"] == 0


async def test_who_is_named_keeps_away_from_the_family(relief: Families) -> None:
    family = await relief.enter(ADULT)
    path = f"/households/{family.household_id}/filings"
    named = [cadre(family, duty="RELIEF_STAFF", personId=person_id(7))]
    await relief.post(path, relief.town, declaration(family, "KINSHIP", isPositive=True, parties=named), 201)
    herself = relief.stand.headers(Role.TOWN_CLERK, LIUHENG, account="clerk-7", person=person_id(7))
    refused = await relief.post(path, herself, declaration(family, "KINSHIP"), 403)
    assert refused["code"] == "close_relative"


@pytest.mark.plan("R-28", part="the share of running benefits with both filings, by town (X-02)")
async def test_the_share_of_running_benefits_with_both_filings(relief: Families) -> None:
    here = [await relief.enter(ADULT) for _ in range(3)]
    there = await relief.enter(ADULT, area="330903003001")
    for family, kinds in ((here[0], ("KINSHIP", "CARD")), (here[1], ("KINSHIP",))):
        for kind in kinds:
            path = f"/households/{family.household_id}/filings"
            await relief.post(path, relief.town, declaration(family, kind), 201)
    path = f"/households/{there.household_id}/filings"
    positive = declaration(there, "KINSHIP", isPositive=True, parties=[cadre(there)])
    for body in (positive, declaration(there, "CARD")):
        await relief.post(path, relief.other_town, body, 201)
    found = await relief.get("/filings/coverage", relief.district)
    assert (found["running"], found["filed"], found["share"]) == (4, 2, "50.00")
    assert [(one["areaCode"], one["running"], one["filed"], one["share"]) for one in found["areas"]] == [
        ("330903003000", 1, 1, "100.00"),
        (LIUHENG, 3, 1, "33.33"),
    ]
    assert [one["relatives"] for one in found["areas"]] == [1, 0]
    chased = await relief.get("/filings/missing?total=true", relief.town)
    assert (chased["total"], [(one["householdId"], one["missing"]) for one in chased["items"]]) == (
        2,
        [(here[1].household_id, ["CARD"]), (here[2].household_id, ["KINSHIP", "CARD"])],
    )
    assert (await relief.get("/filings/missing", relief.other_town))["items"] == []
    # a family that is gone does not count
    await relief.stand.hear(relief.confirmed(here[2].people[0], clock.today()))
    assert (await relief.get("/filings/coverage", relief.district))["running"] == 3
    await relief.get("/filings/coverage", relief.town, 403)
