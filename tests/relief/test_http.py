"""Relief through its doors: from the intake to the money and back to the family's own page."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared import clock
from shared.payments import month_of
from shared.payments.months import plus
from tests.relief.families import CARD, DISTRICT, DONGGANG, LIUHENG, VILLAGE, Families, person_id

ADULT = date(1975, 6, 1)


def family_body(first: int = 1, income: str = "1200.00", heads: int = 3) -> dict[str, Any]:
    """A family of adults, the first the applicant."""
    members = [
        {
            "personId": person_id(first + number),
            "name": f"示例{'甲乙丙丁'[number]}",
            "birth": "1975-06-01",
            "relation": "OTHER" if number else "SELF",
            "validFrom": "2020-01-01",
        }
        for number in range(heads)
    ]
    month = month_of(clock.today()).isoformat()[:7]
    return {
        "areaCode": VILLAGE,
        "registeredArea": VILLAGE,
        "members": members,
        "monthlyIncome": income,
        "incomeFrom": month,
    }


async def opened(relief: Families, first: int = 1, income: str = "1200.00", heads: int = 3) -> dict[str, Any]:
    """A family entered, recognised and with an account; the case."""
    household = await relief.post("/households", relief.town, family_body(first, income, heads), 201)
    month = month_of(clock.today()).isoformat()[:7]
    body = {"householdId": household["id"], "kind": "DIBAO", "fromMonth": month, "withinProperty": True}
    case = await relief.post("/cases", relief.district, body, 201)
    account = {"personId": person_id(first), "holder": "示例甲", "card": CARD}
    return dict(await relief.post(f"/cases/{case['id']}/account", relief.town, account))


@pytest.mark.plan("R-02", part="recognition with reasons, benefit cases, monthly batch")
async def test_from_intake_to_money(relief: Families) -> None:
    case = await opened(relief)
    assert (case["state"], case["monthlyAmount"], case["title"]) == ("ACTIVE", "2301.00", "最低生活保障")
    assert [member["name"] for member in case["members"]] == ["示*甲", "示*乙", "示*丙"]
    why = await relief.get(f"/decisions/{case['decisionId']}/why", relief.town)
    assert (why["outcome"], why["amount"]) == ("granted", "2301.00")
    assert [reason["rule"] for reason in why["reasons"]] == [
        "dibao.income",
        "dibao.property",
        "dibao.difference",
        "dibao.amount",
    ]
    assert why["reasons"][0]["parameters"][0]["value"] == "1167.00"
    # finance makes and sends, the district's reviewer approves
    month = month_of(clock.today()).isoformat()[:7]
    body = {"scheme": "dibao", "month": month, "areaCode": DISTRICT}
    run = await relief.post("/payments/batches", relief.finance, body, 201)
    assert (run["added"], run["addedTotal"], run["done"]) == (1, "2301.00", True)
    path = f"/payments/batches/{run['batch']['id']}"
    await relief.post(f"{path}/check", relief.finance)
    await relief.post(f"{path}/approve", relief.finance, expect=403)
    await relief.post(f"{path}/approve", relief.district, expect=403)
    approved = await relief.post(f"{path}/approve", relief.reviewer)
    assert (approved["state"], approved["lines"]) == ("APPROVED", 1)
    await relief.post(f"{path}/export", relief.finance)
    (line,) = (await relief.get(f"{path}/lines", relief.finance))["items"]
    assert (line["amount"], line["decisionId"]) == ("2301.00", case["decisionId"])
    rows = {"rows": [{"lineId": line["id"], "outcome": "PAID"}]}
    assert (await relief.post(f"{path}/returns", relief.finance, rows))["batch"]["state"] == "RECONCILED"


@pytest.mark.plan("A-09", part="re-check of the family after a death")
async def test_a_death_puts_the_case_under_review_until_the_town_has_looked(relief: Families) -> None:
    case = await opened(relief)
    path = f"/cases/{case['id']}"
    assert (await relief.get("/cases?state=UNDER_REVIEW&total=true", relief.town))["total"] == 0
    await relief.stand.hear(relief.confirmed(person_id(3), clock.today()))
    under_review = await relief.get("/cases?state=UNDER_REVIEW&total=true", relief.town)
    assert (under_review["total"], under_review["items"][0]["id"]) == (1, case["id"])
    assert (await relief.get("/cases?state=UNDER_REVIEW&total=true", relief.other_town))["total"] == 0
    (asked,) = (await relief.get("/rechecks?isDone=false", relief.town))["items"]
    assert date.fromisoformat(asked["dueOn"]) - clock.today() > timedelta(days=88)
    (visit,) = (await relief.get("/visits?isDone=false", relief.village))["items"]
    assert (visit["kind"], date.fromisoformat(visit["dueOn"])) == ("CONDOLENCE", clock.today() + timedelta(days=7))
    shown = await relief.get(path, relief.town)
    assert [member["isCounted"] for member in shown["members"]] == [True, True, False]
    following = plus(month_of(clock.today()), 1).isoformat()[:7]
    why = await relief.get(f"{path}/why?month={following}", relief.town)
    assert (why["amount"], why["reasons"][0]["inputs"]) == ("1534.00", {"income_fen": 120000, "divisor": 3})
    # who died earned nothing: what there is is divided by the living now
    body = {"monthlyIncome": "1200.00", "effectiveMonth": following, "remark": "入户核实，收入未变"}
    await relief.post(f"{path}/recheck", relief.district, body, 403)
    done = await relief.post(f"{path}/recheck", relief.town, body)
    assert (done["state"], done["oldAmount"], done["newAmount"]) == ("ACTIVE", "1534.00", "1134.00")
    assert (await relief.get("/rechecks?isDone=false", relief.town))["items"] == []
    decision = await relief.get(f"/decisions/{done['decisionId']}/why", relief.town)
    assert (decision["amount"], decision["decidedFor"]) == ("1134.00", f"{following}-01")
    await relief.post(f"/visits/{visit['id']}/complete", relief.village, {"remark": "已慰问"})
    again = await relief.post(f"/visits/{visit['id']}/complete", relief.village, {"remark": "已慰问"}, 409)
    assert again["code"] == "visit_done"
    # it was a mistake: the income stays as recorded, divided by three again
    await relief.stand.hear(relief.revoked(person_id(3)))
    shown = await relief.get(path, relief.town)
    assert (shown["state"], [member["isCounted"] for member in shown["members"]]) == ("ACTIVE", [True] * 3)
    assert (await relief.get(f"{path}/why?month={following}", relief.town))["amount"] == "2301.00"
    adjusted = [one["new"] for one in await relief.stand.told("relief.benefit.adjusted.v1")]
    assert adjusted == [153400, 113400, 230100]
    assert (await relief.get("/visits", relief.village))["items"] == []


async def test_nobody_left_closes_the_case_for_every_verb(relief: Families) -> None:
    case = await opened(relief, heads=1, income="0.00")
    await relief.stand.hear(relief.confirmed(person_id(1), clock.today()))
    path = f"/cases/{case['id']}"
    assert (await relief.get(path, relief.town))["state"] == "CLOSED"
    assert [one["id"] for one in (await relief.get("/cases?state=CLOSED", relief.town))["items"]] == [case["id"]]
    assert (await relief.get("/visits", relief.village))["items"] == []
    month = month_of(clock.today()).isoformat()[:7]
    recheck = {"monthlyIncome": "0.00", "effectiveMonth": month, "remark": "无"}
    assert (await relief.post(f"{path}/recheck", relief.town, recheck, 409))["code"] == "case_closed"
    closing = {"fromMonth": month, "reason": "迁出"}
    assert (await relief.post(f"{path}/close", relief.district, closing, 409))["code"] == "case_closed"
    body = family_body()
    assert (await relief.post("/households", relief.town, body, 409))["code"] == "person_deceased"


async def test_the_account_of_the_dead_is_not_paid_into(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT, since=month_of(clock.today()))
    await relief.stand.hear(relief.confirmed(family.people[0], clock.today()))
    body = {"scheme": "dibao", "month": month_of(clock.today()).isoformat()[:7], "areaCode": DISTRICT}
    run = await relief.post("/payments/batches", relief.finance, body, 201)
    path = f"/payments/batches/{run['batch']['id']}"
    checked = await relief.post(f"{path}/check", relief.finance)
    assert checked["excluded"] == {"payee_deceased": 1}
    account = {"personId": family.people[0], "holder": "示甲", "card": CARD}
    refused = await relief.post(f"/cases/{family.case_id}/account", relief.town, account, 422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("not_a_member", "personId")
    await relief.post(f"/cases/{family.case_id}/account", relief.town, account | {"personId": family.people[1]})
    await relief.post(f"{path}/approve", relief.reviewer, expect=409)  # empty
    with clock.frozen(clock.start_of_day(plus(month_of(clock.today()), 1)) + timedelta(days=9)):
        body["month"] = month_of(clock.today()).isoformat()[:7]
        run = await relief.post("/payments/batches", relief.finance, body, 201)
        checked = await relief.post(f"/payments/batches/{run['batch']['id']}/check", relief.finance)
    assert (checked["excluded"], run["addedTotal"]) == ({}, "3501.00")  # two shares, then one


async def test_a_change_in_the_family_follows_through_to_paid_months(relief: Families) -> None:
    today = clock.today()
    month = month_of(today)
    family = await relief.enter(ADULT, ADULT, income=1000, since=plus(month, -3))
    await relief.run(plus(month, -1))
    path = f"/households/{family.household_id}"
    # earned more than told since two months ago: the difference is proposed for recovery
    body = {"fromMonth": plus(month, -2).isoformat()[:7], "monthlyIncome": "1500.00", "remark": "工资"}
    income = await relief.post(f"{path}/incomes", relief.town, body, 201)
    assert income["source"] == "DECLARED"
    recoveries = await relief.get(f"/payments/recoveries?personId={family.people[0]}", relief.town)
    assert [one["amount"] for one in recoveries["items"]] == ["500.00", "500.00"]
    member = {
        "personId": person_id(77),
        "name": "示丁",
        "birth": today.isoformat(),
        "relation": "CHILD",
        "validFrom": today.isoformat(),
    }
    grown = await relief.post(f"{path}/members", relief.town, member, 201)
    assert len(grown["members"]) == 3
    assert (await relief.post(f"{path}/members", relief.town, member, 409))["code"] == "person_in_household"
    ill = {"kind": "CRITICAL_ILLNESS", "fromMonth": month.isoformat()[:7]}
    await relief.post(f"{path}/members/{family.member_ids[1]}/conditions", relief.town, ill, 201)
    case = await relief.get(f"/cases/{family.case_id}", relief.town)
    assert case["monthlyAmount"] == f"{-(-(2 * 116700 - 150000 + 23340) // 100)}.00"
    left = {"on": today.isoformat(), "reason": "分户"}
    await relief.post(f"{path}/members/{family.member_ids[1]}/leave", relief.town, left)
    refused = await relief.post(f"{path}/members/{family.member_ids[1]}/leave", relief.town, left, 409)
    assert refused["code"] == "member_left"
    closing = {"fromMonth": plus(month, 1).isoformat()[:7], "reason": "收入超标"}
    closed = await relief.post(f"/cases/{family.case_id}/close", relief.district, closing)
    assert (closed["state"], closed["closedFrom"]) == ("CLOSED", closing["fromMonth"])
    incomes = await relief.get(f"{path}/incomes?limit=1&total=true", relief.town)
    assert (incomes["total"], incomes["items"][0]["source"]) == (2, "INTAKE")


# ── who sees what ────────────────────────────────────────────────────────────────────────────────


async def test_rows_follow_the_area_and_the_family(relief: Families) -> None:
    mine = await relief.enter(ADULT, ADULT, income=600)
    other = await relief.enter(ADULT, area="330903003001")
    for path in (f"/households/{mine.household_id}", f"/cases/{mine.case_id}", f"/cases/{mine.case_id}/why"):
        await relief.get(path, relief.town)
        await relief.get(path, relief.district)
        await relief.get(path, relief.resident(mine.people[1]))
        await relief.get(path, relief.other_town, 404)
        await relief.get(path, relief.resident(other.people[0]), 404)
    for path in ("/households", "/cases"):
        for who, count in ((relief.town, 1), (relief.other_town, 1), (relief.district, 2), (relief.finance, None)):
            if count is None:
                await relief.get(path, who, 403)
            else:
                assert (await relief.get(f"{path}?total=true", who))["total"] == count
        assert (await relief.get(f"{path}?total=true", relief.resident(mine.people[0])))["total"] == 1
        assert (await relief.get(f"{path}?total=true", relief.resident(person_id(5))))["total"] == 0
    # a member sees who else is in the family, and that one of them has died
    await relief.stand.hear(relief.confirmed(mine.people[0], clock.today()))
    shown = await relief.get(f"/cases/{mine.case_id}", relief.resident(mine.people[1]))
    assert (shown["state"], [member["isCounted"] for member in shown["members"]]) == ("UNDER_REVIEW", [False, True])
    await relief.get("/rechecks", relief.resident(mine.people[1]), 403)
    # who writes stays within her area
    body = family_body(50) | {"areaCode": DONGGANG}
    assert (await relief.post("/households", relief.town, body, 403))["code"] == "area_outside"
    income = {"fromMonth": "2026-01", "monthlyIncome": "0.00"}
    await relief.post(f"/households/{other.household_id}/incomes", relief.town, income, 404)


async def test_who_has_left_sees_the_family_no_longer(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT)
    former, path = relief.resident(family.people[1]), f"/households/{family.household_id}"
    await relief.get(path, former)
    body = {"on": clock.today().isoformat(), "reason": "离婚"}
    await relief.post(f"{path}/members/{family.member_ids[1]}/leave", relief.town, body)
    with clock.frozen(clock.start_of_day(clock.today() + timedelta(days=2)) + timedelta(hours=1)):
        await relief.stand.settle()
        async with relief.stand.unit() as unit:
            from services.relief.households.service import forget_former

            await forget_former(unit)
        await relief.get(path, former, 404)
        await relief.get(f"/cases/{family.case_id}", former, 404)
    await relief.get(path, relief.resident(family.people[0]))


# ── bad input ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"areaCode": "33090"}, "areaCode"),
        ({"areaCode": None}, "areaCode"),
        ({"monthlyIncome": 1200}, "monthlyIncome"),
        ({"monthlyIncome": "1200.001"}, "monthlyIncome"),
        ({"incomeFrom": "2026-13"}, "incomeFrom"),
        ({"members": []}, "members"),
        ({"members": [{}]}, "members.0.personId"),
    ],
)
async def test_bad_families_name_the_field(relief: Families, change: dict[str, Any], field: str) -> None:
    refused = await relief.post("/households", relief.town, family_body() | change, 422)
    assert field in [error["field"] for error in refused["errors"]]
    assert all(not error["message"].isascii() for error in refused["errors"])
    assert await relief.stand.scalar("select count(*) from household") == 0


async def test_refusals_of_the_rules(relief: Families) -> None:
    month = month_of(clock.today())
    body = family_body()
    body["members"][1]["relation"] = "SELF"
    assert (await relief.post("/households", relief.town, body, 422))["code"] == "applicant_first"
    household = await relief.post("/households", relief.town, family_body(income="4000.00"), 201)
    case = {"householdId": household["id"], "kind": "DIBAO", "withinProperty": True, "fromMonth": f"{month:%Y-%m}"}
    assert (await relief.post("/cases", relief.district, case, 409))["code"] == "not_eligible"
    assert (await relief.post("/cases", relief.district, case | {"kind": "TEKUN"}, 409))["code"] == "not_eligible"
    early = case | {"kind": "MARGINAL", "fromMonth": f"{plus(month, -1):%Y-%m}"}
    assert (await relief.post("/cases", relief.district, early, 422))["errors"][0]["field"] == "fromMonth"
    marginal = await relief.post("/cases", relief.district, case | {"kind": "MARGINAL"}, 201)
    assert (marginal["state"], marginal["monthlyAmount"], marginal["entitlementId"]) == ("ACTIVE", "0.00", None)
    assert (await relief.post("/cases", relief.district, case | {"kind": "MARGINAL"}, 409))["code"] == "case_open"
    account = {"personId": person_id(1), "holder": "示甲", "card": CARD}
    assert (await relief.post(f"/cases/{marginal['id']}/account", relief.town, account, 409))["code"] == "nothing_paid"
    path = f"/households/{household['id']}"
    late = {"fromMonth": f"{plus(month, 2):%Y-%m}", "monthlyIncome": "1.00"}
    assert (await relief.post(f"{path}/incomes", relief.town, late, 422))["errors"][0]["field"] == "fromMonth"
    recheck = {"effectiveMonth": f"{plus(month, 2):%Y-%m}", "monthlyIncome": "1.00", "remark": "无"}
    refused = await relief.post(f"/cases/{marginal['id']}/recheck", relief.town, recheck, 422)
    assert refused["errors"][0]["field"] == "effectiveMonth"
    term = {"kind": "CRITICAL_ILLNESS", "fromMonth": "2026-02", "toMonth": "2026-01"}
    member = household["members"][0]["id"]
    refused = await relief.post(f"{path}/members/{member}/conditions", relief.town, term, 422)
    assert refused["errors"][0]["field"] == "toMonth"


# ── law ──────────────────────────────────────────────────────────────────────────────────────────


async def test_the_standard_of_a_day(relief: Families) -> None:
    answer = await relief.get("/policy/dibao.standard?date=2020-03-01&area=330903", relief.town)
    assert (answer["value"], answer["since"], answer["assumed"]) == ("810.00", "2020-01-01", True)
    assert (await relief.get("/policy/dibao.standard", relief.town))["value"] == "1167.00"
    names = {item["parameter"] for item in (await relief.get("/policy", relief.town))["items"]}
    assert {"dibao.standard", "tekun.ratio", "marginal.ratio", "supplements.shares"} <= names


@pytest.mark.plan("R-02", part="one family evaluated 特困 → 低保 → 低边 → 刚性支出, each result explained")
async def test_an_assessment_explains_every_kind(relief: Families) -> None:
    person = {"birth": "1975-06-01"}
    body = {"areaCode": LIUHENG, "on": "2020-03-01", "monthlyIncome": "810.00", "members": [person]}
    found = await relief.post("/assessments", relief.town, body)
    assert (found["recognisedAs"], [one["kind"] for one in found["results"]]) == (
        "MARGINAL",
        ["TEKUN", "DIBAO", "MARGINAL", "RIGID"],
    )
    assert [one["isGranted"] for one in found["results"]] == [False, False, True, False]
    for one in found["results"]:
        assert one["reasons"]
        assert all(reason["source"] and not reason["sentence"].isascii() for reason in one["reasons"])
    disabled = person | {"conditions": ["SEVERE_DISABILITY"]}
    body |= {"monthlyIncome": "1200.00", "members": [disabled, person, person]}
    found = await relief.post("/assessments", relief.town, body)
    assert (found["recognisedAs"], found["results"][1]["amount"]) == ("DIBAO", "1392.00")
    alone = {"birth": "1945-06-01", "labour": "NONE", "hasAbleSupporter": False}
    found = await relief.post("/assessments", relief.town, body | {"monthlyIncome": "0.00", "members": [alone]})
    assert (found["recognisedAs"], found["results"][0]["amount"]) == ("TEKUN", "1053.00")
    refused = await relief.post("/assessments", relief.town, body | {"on": "2010-01-01"}, 409)
    assert refused["code"] == "no_standard"
    assert await relief.stand.scalar("select count(*) from household") == 0
