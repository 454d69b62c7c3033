"""Towns that decide themselves, and the district that looks over their shoulder (R-26)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.relief.delegation.rules import consequence
from services.relief.delegation.service import town_of
from services.relief.spotchecks.rules import sample
from shared import clock
from shared.db.principals import Role
from shared.payments.months import quarter_of
from tests.relief.applying import Applying, family, person
from tests.relief.families import DISTRICT, DONGGANG, LIUHENG, VILLAGE


async def delegated(town: Applying, kind: str = "DIBAO", **more: Any) -> dict[str, Any]:
    """六横 decides a kind from today on."""
    body = {"areaCode": LIUHENG, "kind": kind, "fromOn": clock.today().isoformat(), "reason": "区政府下放"}
    return dict(await town.relief.post("/delegations", town.director, body | more, 201))


async def decided(town: Applying, count: int, *, relative: bool = False) -> list[str]:
    """So many families the town has granted 低保; the ids of their applications."""
    made = []
    for _ in range(count):
        one = Applying(town.relief)
        notice = await one.to_village(family(person(), income="500.00"))
        await one.see()
        await one.declare(relative=relative)
        made.append((one, notice))
    await town.wait_until(max(date.fromisoformat(notice["toOn"]) for _, notice in made) + timedelta(days=1))
    for one, _ in made:
        await one.do("approve", town.leader, {"reason": "情况属实"})
    return [one.id for one, _ in made]


# ── the rules ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("errors", "drawn", "means"),
    [(0, 0, ""), (0, 20, ""), (1, 20, ""), (1, 19, "WARN"), (2, 20, "WARN"), (2, 19, "SUSPEND"), (3, 20, "SUSPEND")],
)
def test_what_errors_mean(errors: int, drawn: int, means: str) -> None:
    """Over 5 % is a warning, over 10 % suspends; exactly so much is neither."""
    assert consequence(errors, drawn, Decimal("0.05"), Decimal("0.10")) == means


@pytest.mark.parametrize(
    ("count", "share", "drawn"),
    [(1, "0.10", 1), (10, "0.10", 1), (11, "0.10", 2), (20, "0.30", 6), (21, "0.30", 7), (0, "0.30", 0)],
)
def test_how_many_are_drawn(count: int, share: str, drawn: int) -> None:
    assert sample(count, Decimal(share)) == drawn


@pytest.mark.parametrize(("day", "first"), [("01-01", 1), ("03-31", 1), ("04-01", 4), ("12-31", 10)])
def test_quarters(day: str, first: int) -> None:
    assert quarter_of(date.fromisoformat(f"2026-{day}")) == date(2026, first, 1)


@pytest.mark.parametrize(
    ("area", "town"),
    [
        ("330903100201", "330903100000"),
        ("33090310020101", "330903100000"),
        ("330903100000", "330903100000"),
        ("330903001901", "330903001901"),  # 登步管委会
        ("33090300190101", "330903001901"),
        ("330903000000", ""),
    ],
)
def test_whose_power_it_is(area: str, town: str) -> None:
    assert town_of(area) == town


# ── the switch ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-26", part="switch per town and kind, the town decides, filed to the district at once")
async def test_what_is_delegated_is_decided_in_town_and_filed_at_once(town: Applying) -> None:
    relief = town.relief
    switch = await delegated(town)
    assert (switch["state"], switch["areaCode"]) == ("ACTIVE", LIUHENG)
    again = {"areaCode": LIUHENG, "kind": "DIBAO", "fromOn": "2026-03-02", "reason": "重复"}
    assert (await relief.post("/delegations", town.director, again, 409))["code"] == "delegation_exists"
    await town.to_review()
    assert (await town.see())["state"] == "DECISION"
    limits = (await relief.get(f"/applications/{town.id}/limits", town.clerk))["items"]
    running = {one["step"]: (one["owner"], one["dueOn"]) for one in limits if one["metAt"] is None}
    assert running == {"DECISION": ("TOWN", "2026-03-17"), "WHOLE": ("TOWN", "2026-03-30")}
    await town.declare()
    refused = await town.do("approve", town.reviewer, {"reason": "同意"}, 403)
    assert refused["code"] == "not_your_stage"
    assert (await relief.get("/applications?decidedLevel=TOWN", relief.district))["items"] == []
    approved = await town.do("approve", town.leader, {"reason": "同意"})
    assert (approved["decidedLevel"], approved["state"], approved["amount"]) == ("TOWN", "APPROVED", "2301.00")
    (filed,) = (await relief.get("/applications?decidedLevel=TOWN", relief.district))["items"]
    assert (filed["id"], filed["kind"]) == (town.id, "DIBAO")
    # another kind of the same town is the district's
    other = Applying(relief)
    await other.to_review(family(person(), income="1500.00"))
    assert ((await other.see())["kind"], other.last["state"]) == ("MARGINAL", "DISTRICT_REVIEW")


async def test_a_town_whose_power_is_suspended_hands_its_desk_over(town: Applying) -> None:
    relief = town.relief
    switch = await delegated(town)
    await town.to_review()
    await town.declare()
    body = {"action": "suspend", "reason": "专项检查"}
    await relief.post(f"/delegations/{switch['id']}/steps", town.director, body)
    assert (await relief.post(f"/delegations/{switch['id']}/steps", town.director, body, 409))[
        "code"
    ] == "delegation_state"
    assert (await town.do("approve", town.leader, {"reason": "同意"}, 409))["code"] == "not_delegated"
    handed = await town.do("hand-over", town.leader, {"reason": "下放已暂停"})
    assert handed["state"] == "DISTRICT_REVIEW"
    await town.do("approve", town.reviewer, {"reason": "同意"})
    await relief.post(f"/delegations/{switch['id']}/steps", town.director, {"action": "resume", "reason": "整改完成"})
    await relief.post(f"/delegations/{switch['id']}/steps", town.director, {"action": "end", "reason": "收回"})
    assert (await relief.get("/delegations?state=ENDED", town.leader))["items"][0]["reason"] == "收回"


async def test_who_may_switch_and_where(town: Applying) -> None:
    relief = town.relief
    body = {"areaCode": LIUHENG, "kind": "DIBAO", "fromOn": "2026-03-02", "reason": "下放"}
    for who in (town.clerk, town.leader, town.reviewer):
        await relief.post("/delegations", who, body, 403)
    for change, code, field in (
        ({"areaCode": VILLAGE}, "not_a_town", "areaCode"),
        ({"areaCode": DISTRICT}, "not_a_town", "areaCode"),
        ({"fromOn": "2026-03-01"}, "starts_in_past", "fromOn"),
    ):
        refused = await relief.post("/delegations", town.director, body | change, 422)
        assert (refused["code"], refused["errors"][0]["field"]) == (code, field)
    elsewhere = await relief.post("/delegations", town.director, body | {"areaCode": "330902001000"}, 403)
    assert elsewhere["code"] == "area_outside"
    there = await relief.post("/delegations", town.director, body | {"areaCode": DONGGANG}, 201)
    assert (await relief.get("/delegations", town.leader))["items"] == []
    await relief.post(
        f"/delegations/{there['id']}/steps",
        relief.stand.headers(Role.DISTRICT_DIRECTOR, "330902000000", account="dinghai"),
        {"action": "end", "reason": "误"},
        404,
    )


# ── the district looks ───────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-26")
async def test_a_months_decisions_are_drawn_found_wrong_and_the_power_is_suspended(town: Applying) -> None:
    relief = town.relief
    switch = await delegated(town)
    plain = await decided(town, 11)
    close = await decided(town, 1, relative=True)
    filed = await relief.get("/applications?decidedLevel=TOWN&total=true", relief.district)
    assert filed["total"] == 12
    early = await relief.post("/spot-draws", relief.district, {"month": "2026-03"}, 422)
    assert (early["code"], early["errors"][0]["field"]) == ("month_not_over", "month")
    clock.set_to(clock.start_of_day(date(2026, 4, 1)))  # before the night's own draw
    drawn = await relief.post("/spot-draws", relief.district, {"month": "2026-03"}, 201)
    assert drawn["population"] == 12
    again = await relief.post("/spot-draws", relief.district, {"month": "2026-03"}, 409)
    assert again["code"] == "drawn_already"
    checks = (await relief.get("/spot-checks?isOpen=true&limit=100", relief.district))["items"]
    assert len(checks) == drawn["drawn"]
    # two of twelve at random at least, and the family with a relative on duty whatever the dice say
    at_random = [one for one in checks if one["ground"] == "RANDOM"]
    assert [one["applicationId"] for one in checks if one["ground"] == "FILED"] == close
    assert len(at_random) == 2
    assert {one["applicationId"] for one in at_random} <= set(plain)
    assert {one["dueOn"] for one in checks} == {"2026-04-23"}
    assert (await relief.get("/spot-checks", relief.other_town))["items"] == []
    # one of three is over 10 %: suspended, and everybody is told
    first, second = checks[0], checks[1]
    path = f"/spot-checks/{first['id']}"
    wrong = {"finding": "REVOKE", "remark": "隐瞒收入，不符合条件"}
    await relief.post(f"{path}/finding", town.leader, wrong, 403)
    found = await relief.post(f"{path}/finding", relief.district, wrong)
    assert (found["finding"], found["consequence"]) == ("REVOKE", "SUSPEND")
    assert (await relief.post(f"{path}/finding", relief.district, wrong, 409))["code"] == "check_found"
    (told,) = await relief.stand.told("relief.spotcheck.failed.v1")
    assert told == {"checkId": first["id"], "appId": first["applicationId"], "town": LIUHENG, "finding": "REVOKE"}
    (now,) = (await relief.get("/delegations", town.leader))["items"]
    assert (now["id"], now["state"], now["warnedFor"]) == (switch["id"], "SUSPENDED", "2026-01-01")
    assert f"抽查{len(checks)}件，差错1件" in now["reason"]
    ended = await relief.get(f"/cases/{first['caseId']}", town.clerk)
    assert (ended["state"], ended["closedFrom"]) == ("CLOSED", "2026-05")
    # the other is to be corrected within ten working days
    body = {"finding": "CORRECT", "remark": "收入认定有误"}
    found = await relief.post(f"/spot-checks/{second['id']}/finding", relief.district, body)
    assert (found["correctBy"], found["consequence"]) == ("2026-04-16", "")
    done = {"correctedOn": "2026-04-01", "words": "已重新核定"}
    await relief.post(f"/spot-checks/{first['id']}/correction", town.clerk, done, 409)
    corrected = await relief.post(f"/spot-checks/{second['id']}/correction", town.clerk, done)
    assert corrected["correctedOn"] == "2026-04-01"
    left = (await relief.get("/spot-checks?isOpen=true", relief.district))["items"]
    assert len(left) == len(checks) - 2
    assert (await relief.get("/spot-checks?isLate=true", relief.district))["items"] == []
    await town.wait_until(date(2026, 4, 24))
    late = (await relief.get("/spot-checks?isLate=true", relief.district))["items"]
    assert [one["id"] for one in late] == [one["id"] for one in left]
    told = await relief.get("/spot-checks/quality?month=2026-02", relief.district)
    assert told["quarter"] == "2026-01"
    assert told["items"] == [
        {"town": LIUHENG, "kind": "DIBAO", "drawn": 3, "found": 2, "errors": 2, "late": 1, "errorRate": "66.66"}
    ]
    assert (await relief.get("/spot-checks/quality", relief.district))["items"] == []
    assert (await relief.get("/spot-checks/quality?month=2026-01", relief.other_town))["items"] == []


@pytest.mark.plan("R-26", part="warned over 5 %, suspended over 10 %")
async def test_the_first_error_of_eleven_warns_the_second_suspends(town: Applying) -> None:
    relief = town.relief
    await delegated(town)
    await decided(town, 11, relative=True)
    await town.wait_until(date(2026, 4, 1))
    checks = (await relief.get("/spot-checks?limit=100", relief.district))["items"]
    assert [one["ground"] for one in checks] == ["FILED"] * 11
    body = {"finding": "CORRECT", "remark": "收入认定有误"}
    told = []
    for check in checks[:3]:
        told.append((await relief.post(f"/spot-checks/{check['id']}/finding", relief.district, body))["consequence"])
        (now,) = (await relief.get("/delegations", town.leader))["items"]
        told.append(now["state"])
    assert told == ["WARN", "ACTIVE", "SUSPEND", "SUSPENDED", "", "SUSPENDED"]
    assert len(await relief.stand.told("relief.spotcheck.failed.v1")) == 3


async def test_the_night_draws_what_nobody_has_drawn(town: Applying) -> None:
    await delegated(town)
    await decided(town, 1)
    await town.wait_until(date(2026, 4, 2))
    (made,) = (await town.relief.get("/spot-draws", town.relief.district))["items"]
    assert (made["month"], made["population"], made["drawn"]) == ("2026-03", 1, 1)
    await town.wait_until(date(2026, 4, 3))
    assert len((await town.relief.get("/spot-draws", town.relief.district))["items"]) == 1
    assert (await town.relief.get("/spot-draws", town.leader))["items"] == []


async def test_of_the_destitute_three_in_ten(town: Applying) -> None:
    relief = town.relief
    await delegated(town, "TEKUN")
    made = []
    for _ in range(4):
        one = Applying(relief)
        old = person("SELF", date(1950, 1, 1), labour="NONE")
        await one.to_village(family(old, income="0.00"), hasAbleSupporter=False)
        await one.see()
        await one.declare()
        made.append(one)
    await town.wait_until(date(2026, 3, 10))
    for one in made:
        await one.do("approve", town.leader, {"reason": "同意"})
        assert one.last["kind"] == "TEKUN"
    await town.wait_until(date(2026, 4, 1))
    checks = (await relief.get("/spot-checks?kind=TEKUN", relief.district))["items"]
    assert len(checks) == 2  # 30 % of four, up
    confirmed = await relief.post(
        f"/spot-checks/{checks[0]['id']}/finding", relief.district, {"finding": "CONFIRM", "remark": "属实"}
    )
    assert confirmed["consequence"] == ""
    assert (await relief.get("/delegations", town.leader))["items"][0]["state"] == "ACTIVE"
