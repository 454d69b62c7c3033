"""From a knock on the door to money, or to a refusal that says why (R-02)."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.relief.applications.rules import MOVES, STATES, TooFewSurveyors, WrongState, move, surveyors
from shared.china import working_days
from shared.china.holiday_notices import Notice
from tests.relief.applying import Applying, family, person
from tests.relief.families import CARD, DISTRICT

# ── the rules ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
def test_every_other_step_is_refused(state: str) -> None:
    """State machine 1: from each state exactly these steps lead on."""
    for action, found in MOVES.items():
        if state in found.sources:
            assert move(state, action) == found.target
        else:
            with pytest.raises(WrongState):
                move(state, action)


def test_what_has_ended_stays_as_it_is() -> None:
    ended = {"APPROVED", "REJECTED", "WITHDRAWN", "TERMINATED"}
    assert not [action for action, found in MOVES.items() if found.sources & ended]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["王示一", "李示二"], 2),
        (["王示一"], 0),
        (["王示一", " 王示一 "], 0),
        (["王示一", " "], 0),
        (["甲", "乙", "丙"], 3),
    ],
)
def test_two_go_to_the_house(names: list[str], found: int) -> None:
    if found:
        assert len(surveyors(names, 2)) == found
        return
    with pytest.raises(TooFewSurveyors):
        surveyors(names, 2)


# ── through the door ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-02", part="application to monthly benefit, decision explained")
async def test_from_identity_cards_to_money(town: Applying) -> None:
    relief = town.relief
    applied = await town.apply()
    assert (applied["state"], applied["kind"], applied["results"]) == ("DRAFT", "", [])
    composed = await relief.get(f"/decisions/{applied['compositionId']}/why", town.clerk)
    assert [reason["result"] for reason in composed["reasons"]] == [True, True, True]
    assert "在校接受本科" in composed["reasons"][2]["sentence"]
    members = await town.members()
    assert [member["name"] for member in members] == ["示*甲", "示*乙", "示*丙"]
    submitted = await town.submit()
    assert (submitted["state"], len(submitted["authorisedBy"])) == ("SUBMITTED", 3)
    told = (await relief.stand.told("relief.application.submitted.v1"))[0]
    assert (told["appId"], told["householdId"], told["kind"]) == (town.id, applied["householdId"], "RECOGNITION")
    await town.do("accept", town.clerk)
    await town.do("investigate", town.clerk)
    seen = await town.survey()
    assert (seen["level"], seen["surveyors"]) == ("TOWN", ["王*一", "李*二"])
    assert await town.verified()
    opinion = await town.opinion()
    assert (opinion["state"], opinion["opinion"], opinion["kind"], opinion["amount"]) == (
        "PRELIM_OPINION",
        "GRANT",
        "DIBAO",
        "2301.00",
    )
    assert [(one["kind"], one["isGranted"]) for one in opinion["results"]] == [
        ("TEKUN", False),
        ("DIBAO", True),
        ("MARGINAL", True),
        ("RIGID", False),
    ]
    notice = await town.publish()
    assert (notice["fromOn"], notice["toOn"]) == ("2026-03-02", "2026-03-09")
    await town.wait_until(date(2026, 3, 9))
    assert (await town.see())["state"] == "PUBLICITY"
    await town.wait_until(date(2026, 3, 10))
    assert (await town.see())["state"] == "DISTRICT_REVIEW"
    # both declarations or no decision
    words = {"reason": "情况属实，予以确认"}
    refused = await town.do("approve", town.reviewer, words, 409)
    assert (refused["code"], [one["field"] for one in refused["errors"]]) == ("filings_missing", ["KINSHIP", "CARD"])
    await town.declare()
    approved = await town.do("approve", town.reviewer, words)
    assert (approved["state"], approved["amount"], approved["fromMonth"], approved["decidedLevel"]) == (
        "APPROVED",
        "2301.00",
        "2026-04",
        "DISTRICT",
    )
    why = await relief.get(f"/decisions/{approved['decisionId']}/why", relief.resident(members[0]["personId"]))
    assert (why["rule"], why["amount"], why["decidedFor"]) == ("relief.dibao", "2301.00", "2026-04-01")
    standard = why["reasons"][0]["parameters"][0]
    assert (standard["parameter"], standard["value"], standard["since"]) == ("dibao.standard", "1167.00", "2025-12-31")
    assert "浙江省社会救助条例第十二条" in why["reasons"][0]["source"]
    (told,) = await relief.stand.told("relief.application.decided.v1")
    assert (told["result"], told["kind"], told["fromMonth"], told["amount"]) == (
        "APPROVED",
        "DIBAO",
        "2026-04-01",
        230100,
    )
    # money the month after, on this very decision
    case = await relief.get(f"/cases/{approved['caseId']}", town.clerk)
    assert (case["kind"], case["fromMonth"], case["monthlyAmount"]) == ("DIBAO", "2026-04", "0.00")
    account = {"personId": members[0]["personId"], "holder": "示例甲", "card": CARD}
    await relief.post(f"/cases/{case['id']}/account", town.clerk, account)
    await town.wait_until(date(2026, 4, 20))
    body = {"scheme": "dibao", "month": "2026-04", "areaCode": DISTRICT}
    run = await relief.post("/payments/batches", relief.finance, body, 201)
    assert (run["added"], run["addedTotal"]) == (1, "2301.00")
    (line,) = (await relief.get(f"/payments/batches/{run['batch']['id']}/lines", relief.finance))["items"]
    assert (line["amount"], line["decisionId"]) == ("2301.00", approved["decisionId"])
    steps = (await relief.get(f"/applications/{town.id}/steps", relief.resident(members[1]["personId"])))["items"]
    assert [(one["action"], one["post"]) for one in steps] == [
        ("submit", "TOWN_CLERK"),
        ("accept", "TOWN_CLERK"),
        ("investigate", "TOWN_CLERK"),
        ("form_opinion", "TOWN_CLERK"),
        ("publish", "TOWN_CLERK"),
        ("forward", "SYSTEM"),
        ("approve", "DISTRICT_REVIEWER"),
    ]


async def test_acceptor_reviewer_and_approver_are_three(town: Applying) -> None:
    await town.to_house()
    await town.survey()
    await town.verified()
    assert (await town.opinion(town.clerk, 403))["code"] == "separation_of_duties"
    await town.opinion(town.colleague)
    notice = await town.publish()
    await town.wait_until(date.fromisoformat(notice["toOn"]) + timedelta(days=1))
    await town.declare()
    refused = await town.do("approve", town.leader, {"reason": "同意"}, 403)
    assert refused["code"] == "not_your_stage"
    await town.do("approve", town.clerk, {"reason": "同意"}, 403)
    await town.do("approve", town.reviewer, {"reason": "同意"})


async def test_no_step_is_left_out(town: Applying) -> None:
    """MLG 28: application, survey, check and confirmation, each in its turn."""
    await town.apply()
    assert (await town.do("accept", town.clerk, expect=409))["code"] == "application_state"
    short = {"signedOn": "2026-03-02", "authorisedBy": [(await town.members())[0]["personId"]]}
    refused = await town.do("submit", town.clerk, short, 422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("authorisation_missing", "authorisedBy")
    early = await town.do("submit", town.clerk, short | {"signedOn": "2026-03-03"}, 422)
    assert early["errors"][0]["field"] == "signedOn"
    await town.submit()
    await town.do("accept", town.clerk)
    assert (await town.survey(expect=409))["code"] == "application_state"
    await town.do("investigate", town.clerk)
    assert (await town.opinion(expect=409))["code"] == "survey_missing"
    assert (await town.survey(expect=422, surveyors=["王示一"]))["code"] == "too_few_surveyors"
    for day in ("2026-03-01", "2026-03-03"):
        assert (await town.survey(expect=422, surveyedOn=day))["code"] == "survey_date"
    await town.survey()
    assert (await town.opinion(expect=409))["code"] == "not_verified"
    await town.verified()
    await town.opinion()
    assert (await town.do("approve", town.reviewer, {"reason": "同意"}, 409))["code"] == "application_state"
    second = {"householdId": town.last["householdId"]}
    assert (await town.relief.post("/applications", town.clerk, second, 409))["code"] == "application_open"


async def test_a_correction_is_asked_for_once_and_limits_begin_anew(town: Applying) -> None:
    await town.apply()
    await town.submit()
    corrected = await town.do("correction", town.clerk, {"reason": "缺少残疾证复印件"})
    assert (corrected["state"], corrected["correction"]) == ("CORRECTION", "缺少残疾证复印件")
    await town.wait_until(date(2026, 3, 6))
    again = await town.submit()
    assert again["receivedAt"].startswith("2026-03-06")
    refused = await town.do("correction", town.clerk, {"reason": "还缺一份"}, 409)
    assert refused["code"] == "corrected_once"
    await town.do("accept", town.clerk)
    limits = (await town.relief.get(f"/applications/{town.id}/limits", town.clerk))["items"]
    due = {one["step"]: one["dueOn"] for one in limits if one["metAt"] is None}
    # 15 and 30 working days after 6 March over the Qingming holiday of 2026, 3 after the acceptance
    assert due == {"SURVEY": "2026-03-11", "OPINION": "2026-03-27", "WHOLE": "2026-04-20"}
    assert len(await town.relief.stand.told("relief.application.submitted.v1")) == 1


async def test_limits_warn_run_out_and_are_escalated_once(town: Applying) -> None:
    await town.to_house()
    await town.wait_until(date(2026, 3, 18))  # 15 working days end on the 23rd
    running = (await town.relief.get("/application-limits?state=warned", town.clerk))["items"]
    assert [one["step"] for one in running] == ["OPINION"]
    await town.wait_until(date(2026, 3, 24))
    (late,) = (await town.relief.get("/application-limits?state=overdue", town.relief.district))["items"]
    assert (late["step"], late["dueOn"], late["escalatedTo"]) == ("OPINION", "2026-03-23", "TOWN_LEADER")
    assert (await town.relief.get("/application-limits?state=overdue", town.relief.other_town))["items"] == []
    await town.wait_until(date(2026, 3, 25))
    again = (await town.relief.get("/application-limits?state=overdue", town.clerk))["items"]
    assert again[0]["overdueAt"] == late["overdueAt"]
    await town.survey()
    await town.verified()
    await town.opinion()
    assert (await town.relief.get("/application-limits?state=overdue", town.clerk))["items"] == []


@pytest.mark.plan("R-02", part="refusal in writing: reason, legal basis, remedy")
async def test_a_refusal_says_why_on_what_ground_and_what_can_be_done(town: Applying) -> None:
    relief = town.relief
    await town.to_house(family(person(), income="3000.00"))
    await town.survey()
    await town.verified()
    opinion = await town.opinion()
    # nothing to put up in the village: a refusal goes on at once
    assert (opinion["state"], opinion["opinion"], opinion["kind"]) == ("DISTRICT_REVIEW", "REFUSE", "")
    await town.declare()
    refused = await town.do("approve", town.reviewer, {"reason": "同意"}, 409)
    assert refused["code"] == "application_state"
    await town.do("reject", town.reviewer, {"reason": "家庭人均收入高于标准"})
    letter = await relief.get(f"/applications/{town.id}/letter", relief.resident(town.last["applicantId"]))
    assert (letter["title"], letter["reason"]) == ("不予确认决定书", "家庭人均收入高于标准")
    assert "浙江省社会救助条例第十三条" in letter["legalBasis"]
    assert "60日内" in letter["remedy"]
    assert "6个月内" in letter["remedy"]
    why = await relief.get(f"/decisions/{town.last['decisionId']}/why", relief.resident(town.last["applicantId"]))
    assert (why["outcome"], why["reasons"][0]["result"]) == ("refused", False)
    told = (await relief.get("/notices", relief.resident(town.last["applicantId"])))["items"]
    assert sorted(one["channel"] for one in told) == ["IN_APP", "PAPER"]
    assert all("不予确认" in one["text"] and "人均" not in one["text"] for one in told)
    limits = (await relief.get(f"/applications/{town.id}/limits", town.clerk))["items"]
    assert [(one["step"], one["dueOn"]) for one in limits if one["metAt"] is None] == [("SERVICE", "2026-03-05")]
    await town.do("served", town.clerk, {"servedOn": "2026-03-01", "how": "村委会转交"}, 422)
    await town.do("served", town.clerk, {"servedOn": "2026-03-02", "how": "村委会转交"})
    again = await town.do("served", town.clerk, {"servedOn": "2026-03-02", "how": "村委会转交"}, 409)
    assert again["code"] == "served_already"
    assert await relief.stand.scalar("select count(*) from benefit_case") == 0
    (told,) = await relief.stand.told("relief.application.decided.v1")
    assert (told["result"], told["amount"], told["caseId"]) == ("REJECTED", 0, "")


async def test_against_the_rules_only_with_a_ground_of_its_own(town: Applying) -> None:
    await town.to_review()
    await town.declare()
    refused = await town.do("reject", town.reviewer, {"reason": "查实隐瞒收入"}, 422)
    assert refused["code"] == "legal_basis_missing"
    await town.do("reject", town.reviewer, {"reason": "查实隐瞒收入", "legalBasis": "浙江省社会救助条例第五十一条"})
    assert town.last["legalBasis"] == "浙江省社会救助条例第五十一条"


async def test_over_the_limits_of_the_check(town: Applying) -> None:
    await town.to_house()
    await town.survey()
    assert await town.verified("名下有营运车辆一辆")
    assert (await town.see())["state"] == "OVER_LIMIT"
    assert not await town.verified()
    assert (await town.opinion(expect=409))["code"] == "application_state"
    resident = town.relief.resident(town.last["applicantId"])
    doubted = await town.do("check-objection", resident, {"reason": "该车已于去年报废"})
    assert (doubted["state"], doubted["overLimit"]) == ("INVESTIGATING", [])
    assert (await town.opinion(expect=409))["code"] == "not_verified"
    assert await town.verified("名下有营运车辆一辆")
    await town.declare()
    refused = await town.do("reject", town.reviewer, {"reason": "经复核仍超出规定"}, 422)
    assert refused["code"] == "legal_basis_missing"
    body = {"reason": "经复核仍超出规定", "legalBasis": "最低生活保障审核确认办法第十四条"}
    await town.do("reject", town.reviewer, body)
    letter = await town.relief.get(f"/applications/{town.id}/letter", town.clerk)
    assert letter["reason"] == "名下有营运车辆一辆；经复核仍超出规定"


@pytest.mark.plan("R-02", part="of 特困 cases the district looks into three in ten at random")
async def test_the_lot_falls_on_the_destitute(town: Applying) -> None:
    old = person("SELF", date(1950, 1, 1), labour="NONE")
    await town.to_review(family(old, income="0.00"), hasAbleSupporter=False)
    assert ((await town.see())["kind"], town.last["isDrawn"]) == ("TEKUN", True)  # the first of a year always
    await town.declare()
    refused = await town.do("approve", town.reviewer, {"reason": "同意"}, 409)
    assert refused["code"] == "district_visit_missing"
    await town.survey(town.relief.district)
    approved = await town.do("approve", town.reviewer, {"reason": "同意"})
    assert (approved["kind"], approved["amount"]) == ("TEKUN", "1518.00")
    drawn = []
    for _ in range(6):
        one = Applying(town.relief)
        old = person("SELF", date(1950, 1, 1), labour="NONE")
        await one.to_review(family(old, income="0.00"), hasAbleSupporter=False)
        drawn.append((await one.see())["isDrawn"])
        assert sum(drawn) + 1 >= Decimal("0.3") * (len(drawn) + 1)


async def test_sent_back_it_is_surveyed_again(town: Applying) -> None:
    await town.to_review()
    await town.do("return", town.reviewer, {"reason": "收入核实不清"})
    assert (town.last["state"], town.last["opinion"], town.last["amount"]) == ("RETURNED", "", None)
    await town.do("investigate", town.clerk)
    assert (await town.opinion(expect=409))["code"] == "survey_missing"
    await town.survey(monthlyIncome="2100.00")
    await town.verified()
    opinion = await town.opinion()
    assert (opinion["kind"], opinion["amount"]) == ("DIBAO", "1401.00")
    incomes = (await town.relief.get(f"/households/{opinion['householdId']}/incomes", town.clerk))["items"]
    assert [one["source"] for one in incomes] == ["INTAKE", "SURVEY"]


async def test_a_family_that_changed_meanwhile_goes_back(town: Applying) -> None:
    await town.to_review()
    await town.declare()
    body = {"fromMonth": "2026-03", "monthlyIncome": "4000.00", "remark": "找到工作"}
    await town.relief.post(f"/households/{town.last['householdId']}/incomes", town.clerk, body, 201)
    refused = await town.do("approve", town.reviewer, {"reason": "同意"}, 409)
    assert refused["code"] == "opinion_outdated"
    assert (await town.see())["state"] == "DISTRICT_REVIEW"


async def test_withdrawn_and_terminated(town: Applying) -> None:
    notice = await town.to_village()
    await town.see()
    resident = town.relief.resident(town.last["applicantId"])
    await town.do("withdraw", resident, {"reason": "生活好转"})
    assert town.last["state"] == "WITHDRAWN"
    await town.relief.get(f"/publicity/{notice['id']}", resident, 404)
    await town.wait_until(date(2026, 3, 20))  # the notice's timer finds nothing to do
    assert (await town.see())["state"] == "WITHDRAWN"
    assert (await town.relief.get("/application-limits", town.clerk))["items"] == []
    # the same family may come again
    body = {"householdId": town.last["householdId"]}
    town.last = await town.relief.post("/applications", resident, body, 201)
    town.id = town.last["id"]
    await town.submit(resident)
    await town.do("accept", town.clerk)
    await town.do("terminate", town.leader, {"reason": "三次上门均拒绝调查"})
    letter = await town.relief.get(f"/applications/{town.id}/letter", resident)
    assert (letter["title"], letter["legalBasis"]) == ("终止审核确认通知书", "最低生活保障审核确认办法第二十九条")


@pytest.mark.plan("R-02", part="刚性支出困难家庭, recognised for a term")
async def test_a_family_with_spending_it_cannot_help(town: Applying) -> None:
    relief = town.relief
    await town.to_review(family(person(), income="4000.00"), rigidSpending="28800.00")
    assert (town.last["id"], (await town.see())["kind"], town.last["amount"]) == (town.id, "RIGID", None)
    await town.declare()
    await town.do("approve", town.reviewer, {"reason": "同意"})
    case = await relief.get(f"/cases/{town.last['caseId']}", town.clerk)
    assert (case["kind"], case["title"], case["fromMonth"], case["validUntil"]) == (
        "RIGID",
        "刚性支出困难家庭",
        "2026-04",
        "2027-03",
    )
    await town.wait_until(date(2027, 3, 31))
    assert (await relief.get(f"/cases/{case['id']}", town.clerk))["state"] == "ACTIVE"
    await town.wait_until(date(2027, 4, 1))
    ended = await relief.get(f"/cases/{case['id']}", town.clerk)
    assert (ended["state"], ended["closedFrom"], ended["closeReason"]) == ("CLOSED", "2027-04", "认定期满")


async def test_what_is_known_of_the_spending_stays_until_somebody_knows_better(town: Applying) -> None:
    """A medical burden begins an application with its figure; an opinion without one once set it to nothing."""
    await town.to_review(family(person(), income="4000.00"), rigidSpending="28800.00")
    await town.do("return", town.reviewer, {"reason": "请再核实家庭成员"})
    await town.do("investigate", town.clerk)
    await town.survey()
    assert (await town.opinion())["kind"] == "RIGID"
    await town.publish()
    await town.do("withdraw", town.clerk, {"reason": "家庭撤回"})


async def test_another_kind_takes_the_place_of_the_one_that_runs(town: Applying) -> None:
    relief = town.relief
    await town.to_review(family(person(), income="1500.00"))
    await town.declare()
    await town.do("approve", town.reviewer, {"reason": "同意"})
    marginal = town.last["caseId"]
    assert town.last["kind"] == "MARGINAL"
    body = {"householdId": town.last["householdId"]}
    town.last = await relief.post("/applications", town.clerk, body, 201)
    town.id = town.last["id"]
    await town.submit()
    await town.do("accept", town.clerk)
    await town.do("investigate", town.clerk)
    await town.survey(monthlyIncome="500.00")
    await town.verified()
    await town.opinion()
    notice = await town.publish()
    await town.wait_until(date.fromisoformat(notice["toOn"]) + timedelta(days=1))
    approved: Any = await town.do("approve", town.reviewer, {"reason": "同意"})
    assert (approved["kind"], approved["amount"]) == ("DIBAO", "667.00")
    old = await relief.get(f"/cases/{marginal}", town.clerk)
    assert (old["state"], old["closedFrom"], old["closeReason"]) == ("CLOSED", "2026-04", "改为享受最低生活保障")


# ── at once ──────────────────────────────────────────────────────────────────────────────────────


async def test_of_many_decisions_at_once_one_is_made(town: Applying) -> None:
    await town.to_review()
    await town.declare()
    path, body = f"/api/relief/applications/{town.id}", {"reason": "同意"}
    deciders = [town.reviewer, town.director, town.relief.district]
    answers = await asyncio.gather(
        *(
            town.relief.stand.client.post(f"{path}/{verb}", headers=who, json=body)
            for who in deciders
            for verb in ("approve", "return", "approve")
        )
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] + [409] * (len(answers) - 1)
    assert await town.relief.stand.scalar("select count(*) from benefit_case") <= 1
    assert len(await town.relief.stand.told("relief.application.decided.v1")) <= 1


async def test_limits_over_an_unpublished_new_year_are_counted_again(town: Applying) -> None:
    """The notice for the next year comes late: what was counted by weekdays becomes what it should be."""
    last_known = max(working_days.published().years)
    await town.wait_until(date(last_known, 12, 27))
    await town.to_house()
    sql = "select step, due_on, is_provisional from application_limit where met_at is null order by step"
    before = await town.relief.stand.rows(sql)
    assert [(step, provisional) for step, _, provisional in before] == [("OPINION", True), ("WHOLE", True)]
    first = working_days.add(date(last_known, 12, 31), 1).date
    notice = Notice(last_known + 1, ("示例通知",), frozenset({date(last_known + 1, 1, 1), first}), frozenset())
    working_days.install(working_days.published().with_notices(notice))
    try:
        await town.wait_until(date(last_known, 12, 28))
        after = await town.relief.stand.rows(sql)
    finally:
        working_days.install(None)
    assert [provisional for *_, provisional in after] == [False, False]
    assert all(new > old for (_, old, _), (_, new, _) in zip(before, after, strict=True))
