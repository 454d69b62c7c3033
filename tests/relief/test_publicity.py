"""What the village reads, and what is said against it (§1.5, §2.5)."""

from datetime import date, timedelta

import pytest

from gateway.settings import GatewaySettings
from services.relief.publicity.routes import router as publicity
from services.relief.publicity.rules import is_running, shown_name
from shared.web.route import UnitRoute
from tests.relief.applying import Applying, family, person


@pytest.mark.parametrize(
    ("name", "is_minor", "shown"), [("示例甲", False, "示*甲"), ("示甲", False, "示*"), ("示例甲", True, "")]
)
def test_names_are_masked_and_those_of_minors_not_shown(name: str, is_minor: bool, shown: str) -> None:
    assert shown_name(name, is_minor=is_minor) == shown


@pytest.mark.parametrize(
    ("result", "day", "runs"),
    [("", 1, False), ("", 2, True), ("", 9, True), ("", 10, False), ("OBJECTED", 5, False)],
)
def test_when_a_notice_hangs(result: str, day: int, runs: bool) -> None:
    assert is_running(result, date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, day)) is runs


@pytest.mark.plan("R-02", part="public notice shows masked name, family size, amount")
async def test_everybody_reads_so_much_and_no_more(town: Applying) -> None:
    relief = town.relief
    notice = await town.to_village()
    shown = await relief.get(f"/publicity/{notice['id']}", {})
    assert shown == {
        "id": notice["id"],
        "title": "拟纳入最低生活保障",
        "areaCode": "330903100201",
        "place": "示例村村务公开栏",
        "name": "示*甲",
        "familySize": 3,
        "amount": "2301.00",
        "fromOn": "2026-03-02",
        "toOn": "2026-03-09",
    }
    for area, count in (("330903000000", 1), ("330903100201", 1), ("330903100202", 0), ("330903003000", 0)):
        listed = await relief.get(f"/publicity?areaCode={area}&total=true", {})
        assert listed["total"] == count
    # the plain name is nowhere in the notice's row
    assert "示例甲" not in str(await relief.stand.rows("select publicity from publicity"))
    await town.wait_until(date(2026, 3, 10))
    await relief.get(f"/publicity/{notice['id']}", {}, 404)
    assert (await relief.get("/publicity", {}))["items"] == []
    (kept,) = (await relief.get(f"/applications/{town.id}/publicity", town.clerk))["items"]
    assert (kept["result"], kept["text"]) == ("NO_OBJECTION", "拟确认对象公示")


def test_the_door_lets_everybody_through_to_what_is_public() -> None:
    paths = {
        route.path_format for route in publicity.routes if isinstance(route, UnitRoute) and not route.permit.resource
    }
    assert paths == {"/api/relief/publicity", "/api/relief/publicity/{notice_id}"}
    assert paths <= GatewaySettings().public_paths


async def test_a_minor_who_applies_is_not_named(town: Applying) -> None:
    orphan = person("SELF", date(2012, 5, 1))
    await town.apply(family(orphan, income="0.00"))
    await town.do("submit", town.clerk, {"signedOn": "2026-03-02", "authorisedBy": []})
    await town.do("accept", town.clerk)
    await town.do("investigate", town.clerk)
    await town.survey()
    await town.verified()
    await town.opinion()
    notice = await town.publish()
    shown = await town.relief.get(f"/publicity/{notice['id']}", {})
    assert (shown["name"], shown["familySize"]) == ("", 1)


@pytest.mark.plan("R-02", part="objection leads to another look within 10 working days, 15 for 特困")
async def test_an_objection_is_looked_into_answered_and_put_up_again(town: Applying) -> None:
    relief = town.relief
    notice = await town.to_village()
    body = {"text": "该户有一辆新车", "name": "示邻居", "phone": "13900001234"}
    told = await relief.post(f"/publicity/{notice['id']}/objections", relief.village, body, 201)
    assert (told["name"], told["phone"]) == ("示*居", "139****1234")
    seen = await town.see()
    assert (seen["state"], seen["isComplained"]) == ("OBJECTION_REVIEW", True)
    await relief.get(f"/publicity/{notice['id']}", {}, 404)
    second = await relief.post(f"/publicity/{notice['id']}/objections", relief.village, body, 409)
    assert second["code"] == "publicity_over"
    limits = (await relief.get(f"/applications/{town.id}/limits", town.clerk))["items"]
    running = {one["step"]: one for one in limits if one["metAt"] is None}
    assert running["OBJECTION"]["dueOn"] == "2026-03-16"
    assert running["WHOLE"]["pausedAt"] is not None
    assert running["WHOLE"]["dueOn"] == "2026-04-14"
    # the survey before the objection does not answer it
    await town.wait_until(date(2026, 3, 6))
    assert (await town.opinion(expect=409))["code"] == "survey_missing"
    await town.survey(method="APPRAISAL")
    assert (await town.opinion(expect=422))["code"] == "answer_missing"
    again = await town.opinion(answer="车辆为邻居借停，经评议情况属实")
    assert (again["state"], again["kind"]) == ("PRELIM_OPINION", "DIBAO")
    assert [one["round"] for one in again["results"]] == [1, 1, 1, 1, 2, 2, 2, 2]
    (answered,) = (await relief.get(f"/publicity/{notice['id']}/objections", town.clerk))["items"]
    assert (answered["answer"], answered["answeredAt"] is not None) == ("车辆为邻居借停，经评议情况属实", True)
    # four working days it stood still
    limits = (await relief.get(f"/applications/{town.id}/limits", town.clerk))["items"]
    whole = next(one for one in limits if one["step"] == "WHOLE")
    assert (whole["pausedAt"], whole["dueOn"]) == (None, "2026-04-20")
    # who objected is not the family's to know
    resident = relief.resident(again["applicantId"])
    await relief.get(f"/publicity/{notice['id']}/objections", resident, 403)
    for path in ("", "/steps"):
        assert "邻居" not in str(await relief.get(f"/applications/{town.id}{path}", resident)).replace("邻居借停", "")
    # the district goes to the house itself before it decides
    notice = await town.publish()
    await town.wait_until(date.fromisoformat(notice["toOn"]) + timedelta(days=1))
    await town.declare()
    refused = await town.do("approve", town.reviewer, {"reason": "同意"}, 409)
    assert refused["code"] == "district_visit_missing"
    await town.survey(relief.district)
    assert (await town.do("approve", town.reviewer, {"reason": "同意"}))["state"] == "APPROVED"


async def test_what_is_over_the_limits_comes_out_with_the_objection(town: Applying) -> None:
    relief = town.relief
    notice = await town.to_village()
    await relief.post(f"/publicity/{notice['id']}/objections", relief.village, {"text": "有营运车辆"}, 201)
    await town.survey()
    assert await town.verified("名下有营运车辆一辆")
    assert (await town.see())["state"] == "OVER_LIMIT"
    await town.do("check-objection", town.clerk, {"reason": "已过户"})
    await town.survey()
    await town.verified()
    assert (await town.opinion(expect=422))["code"] == "answer_missing"
    assert (await town.opinion(answer="车辆已过户"))["state"] == "PRELIM_OPINION"


async def test_of_the_destitute_there_is_more_time(town: Applying) -> None:
    old = person("SELF", date(1950, 1, 1), labour="NONE")
    notice = await town.to_village(family(old, income="0.00"), hasAbleSupporter=False)
    assert notice["title"] == "拟纳入特困人员供养"
    resident = town.relief.resident("p1" + "a" * 26)
    await town.relief.post(f"/publicity/{notice['id']}/objections", resident, {"text": "其女有抚养能力"}, 201)
    limits = (await town.relief.get(f"/applications/{town.id}/limits", town.clerk))["items"]
    assert next(one["dueOn"] for one in limits if one["step"] == "OBJECTION") == "2026-03-23"


@pytest.mark.plan("R-28", part="the district visits the house of families with something declared")
@pytest.mark.parametrize("declared", [{"relative": True}, {"neighbour": True}])
@pytest.mark.parametrize("is_late", [False, True])
async def test_what_is_declared_brings_the_district_to_the_house(
    town: Applying, declared: dict[str, bool], is_late: bool
) -> None:
    """Whether it is declared before the notice comes down or on the last day before the decision."""
    notice = await town.to_village()
    await town.see()
    if not is_late:
        await town.declare(**declared)
    await town.wait_until(date.fromisoformat(notice["toOn"]) + timedelta(days=1))
    assert (await town.see())["isFiled"] is not is_late
    if is_late:
        await town.declare(**declared)
    refused = await town.do("approve", town.reviewer, {"reason": "同意"}, 409)
    assert refused["code"] == "district_visit_missing"
    await town.survey(town.relief.district)
    assert (await town.relief.get("/filings/to-visit", town.relief.district))["items"] == []
    await town.do("approve", town.reviewer, {"reason": "同意"})
