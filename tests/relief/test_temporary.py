"""Temporary relief by class and level, and hours where life does not wait (R-04, R-05; domain §2.7)."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.relief.law import parameters
from services.relief.rechecks.rules import last_day
from services.relief.temporary.rules import (
    MOVES,
    STATES,
    Hardship,
    TemporaryState,
    instalments,
    is_low,
    move,
    temporary,
)
from shared import clock
from shared.policy import decide
from tests.relief.applying import id_number
from tests.relief.desk import Desk
from tests.relief.families import CARD, LIUHENG, VILLAGE, Families

MONDAY = date(2026, 3, 2)
"""The standard is 1,167: I 1,167, II 2,334, III 3,501, IV 7,002 for each."""


@pytest.fixture(autouse=True)
def _on_a_monday() -> Iterator[None]:
    clock.set_to(clock.start_of_day(MONDAY) + timedelta(hours=9))
    yield
    clock.reset()


# ── the rules ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
def test_every_other_step_is_refused(state: str) -> None:
    """State machine 4."""
    for action, found in MOVES.items():
        if state in found.sources:
            assert move(state, action) == found.target
        else:
            with pytest.raises(TemporaryState):
                move(state, action)


def hardship(level: str = "I", heads: int = 1, **more: Any) -> Hardship:
    facts = {"kind": "URGENT", "residence": "REGISTERED"} | more
    return Hardship(level=level, heads=heads, **facts)


@pytest.mark.plan("R-04", part="levels, ceilings, town and district powers")
@pytest.mark.parametrize(
    ("facts", "outcome", "yuan"),
    [
        (hardship("I"), "TOWN", 1167),
        (hardship("II"), "TOWN", 2334),
        (hardship("III"), "TOWN", 3501),  # exactly three times
        (hardship("IV"), "DISTRICT", 7002),
        (hardship("I", 4), "TOWN", 4668),
        (hardship("I", 5), "DISTRICT", 5835),  # over 5,000 a household
        (hardship("II", 2), "TOWN", 4668),
        (hardship("II", 3), "DISTRICT", 7002),
        (hardship("III", 2), "DISTRICT", 7002),
        (hardship("V", per_head_fen=7002_00), "DISTRICT", 7002),  # six times is everybody's limit
        (hardship("V", per_head_fen=7002_01), "refused", 0),
        (hardship("V", per_head_fen=7002_01, is_special=True), "DISTRICT", Decimal("7002.01")),
        (hardship("V", 2, per_head_fen=14004_00, is_special=True), "DISTRICT", 28008),
        (hardship("V", per_head_fen=14004_01, is_special=True), "refused", 0),
        (hardship("V", per_head_fen=0), "refused", 0),
        (hardship("I", grants_before=1), "TOWN", 1167),
        (hardship("I", grants_before=2), "refused", 0),
        (hardship("I", residence="RESIDENT"), "TOWN", 1167),
        (hardship("I", residence="PASSING"), "TOWN", 1167),
        (hardship("I", residence="RESIDENT", kind="EXPENDITURE"), "TOWN", 1167),
        (hardship("I", residence="PASSING", kind="EXPENDITURE"), "refused", 0),
    ],
)
def test_how_much_and_by_whom(facts: Hardship, outcome: str, yuan: Any) -> None:
    made = decide(temporary, facts, parameters(), MONDAY, VILLAGE)
    assert (made.outcome, made.amount_fen) == (outcome, int(yuan * 100))
    assert all(reason.sentence for reason in made.reasons)


def test_five_thousand_for_a_household_is_still_the_towns() -> None:
    law = parameters().with_value("dibao.standard", 1250_00, from_date=MONDAY, area="330903")
    assert decide(temporary, hardship("I", 4), law, MONDAY, VILLAGE).outcome == "TOWN"
    law = parameters().with_value("dibao.standard", 1250_01, from_date=MONDAY, area="330903")
    assert decide(temporary, hardship("I", 4), law, MONDAY, VILLAGE).outcome == "DISTRICT"


@pytest.mark.parametrize(("left", "low"), [(50000_00, False), (15000_00, False), (14999_99, True), (0, True)])
def test_below_thirty_percent_a_reserve_is_low(left: int, low: bool) -> None:
    assert is_low(left, 50000_00, Decimal("0.30")) == low


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2026, 3, 2), date(2025, 3, 2)),
        (date(2024, 2, 29), date(2023, 2, 28)),
        (date(2026, 12, 31), date(2025, 12, 31)),
    ],
)
def test_twelve_months_ago(day: date, found: date) -> None:
    assert last_day(day, -12) == found


# ── through the door ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def desk(relief: Families) -> Desk:
    return Desk(relief)


@pytest.mark.plan("R-05")
async def test_money_first_papers_later(desk: Desk) -> None:
    await desk.reserve()
    numbers = id_number(date(1970, 1, 1)), id_number(date(1972, 1, 1))
    applied = await desk.apply(*numbers)
    assert (applied["state"], applied["heads"], applied["name"]) == ("SUBMITTED", 2, "示*甲")
    assert applied["decisionDueAt"].startswith("2026-03-03T01:00")  # 24 hours, UTC
    assert applied["moneyDueAt"].startswith("2026-03-04T01:00")  # 48
    assert (await desk.decide(expect=409))["code"] == "temporary_state"
    await desk.do("accept", desk.clerk)
    assert (await desk.do("pay", desk.colleague, {"how": "CASH"}, 409))["code"] == "not_decided"
    await desk.decide(who=desk.clerk, expect=403)
    assert (await desk.decide("III", expect=403))["code"] == "beyond_town"  # 7,002 for two
    decided = await desk.decide("II")
    assert (decided["state"], decided["amount"], decided["authority"]) == ("ACCEPTED", "4668.00", "TOWN")
    assert (await desk.decide("I", expect=409))["code"] == "decided_already"
    why = await desk.relief.get(f"/decisions/{decided['decisionId']}/why", desk.clerk)
    assert "每人为低保月标准的2倍，即2,334.00元" in why["reasons"][2]["sentence"]
    assert (await desk.do("pay", desk.clerk, {"how": "CASH"}, 403))["code"] == "separation_of_duties"
    paid = await desk.do("pay", desk.colleague, {"how": "CASH"})
    assert (paid["state"], paid["papersDueOn"]) == ("PAPERS_DUE", "2026-03-16")
    assert (await desk.do("pay", desk.colleague, {"how": "CASH"}, 409))["code"] == "temporary_state"
    assert await desk.balance() == "45332.00"
    (told,) = await desk.relief.stand.told("relief.temporary.paid.v1")
    assert told == {
        "caseId": desk.id, "personId": paid["personId"], "kind": "URGENT", "amount": 466800, "level": "II",
    }  # fmt: skip
    await desk.pass_time(days=14)  # the sixteenth, still in time
    assert (await desk.see())["state"] == "PAPERS_DUE"
    await desk.pass_time(days=1)
    late = await desk.see()
    assert (late["state"], late["isLate"], late["late"]) == ("OVERDUE", True, ["PAPERS"])
    (alert,) = (await desk.relief.get("/temporary-cases?isLate=true", desk.leader))["items"]
    assert alert["id"] == desk.id
    papers = {"papers": ["申请书", "身份证复印件", "收条"], "reason": "手续补齐"}
    done = await desk.do("complete", desk.clerk, papers)
    assert (done["state"], done["papers"]) == ("COMPLETED", papers["papers"])
    steps = (await desk.relief.get(f"/temporary-cases/{desk.id}/steps", desk.clerk))["items"]
    assert [one["toState"] for one in steps] == ["ACCEPTED", "PAID_FIRST", "PAPERS_DUE", "OVERDUE", "COMPLETED"]


@pytest.mark.plan("R-05", part="decision within 24 hours, money within 48")
async def test_the_hours_run(desk: Desk) -> None:
    await desk.reserve()
    await desk.apply()
    await desk.do("accept", desk.clerk)
    await desk.pass_time(hours=23.9)
    assert (await desk.see())["isLate"] is False
    await desk.pass_time(hours=0.2)
    assert (await desk.see())["late"] == ["DECISION"]
    await desk.decide()
    await desk.pass_time(hours=24)
    assert (await desk.see())["late"] == ["DECISION", "MONEY"]
    # In time, nothing is late.
    await desk.paid()
    await desk.pass_time(hours=72)
    assert (await desk.see())["late"] == []


async def test_papers_in_time_end_it(desk: Desk) -> None:
    await desk.reserve()
    await desk.paid()
    await desk.do("complete", desk.clerk, {"papers": ["收条"], "reason": "齐"})
    await desk.pass_time(days=30)
    found = await desk.see()
    assert (found["state"], found["late"]) == ("COMPLETED", [])


@pytest.mark.plan("R-04", part="the normal way, in the town")
async def test_the_normal_way_in_the_town(desk: Desk) -> None:
    await desk.reserve()
    await desk.apply(kind="EXPENDITURE", cause="SCHOOLING")
    await desk.do("accept", desk.clerk)
    assert (await desk.decide(expect=409))["code"] == "not_urgent"
    form = {"level": "II", "surveyors": ["王示一", "李示二"], "finding": "学费支出过大"}
    assert (await desk.do("survey", desk.clerk, form | {"surveyors": ["王示一"]}, 422))["code"] == "too_few_surveyors"
    surveyed = await desk.do("survey", desk.clerk, form)
    assert (surveyed["state"], surveyed["authority"], surveyed["amount"]) == ("SURVEYED", "TOWN", "2334.00")
    assert (await desk.do("publicity", desk.clerk, {"place": "村务栏"}, 409))["code"] == "no_notice_needed"
    approved = await desk.do("approve", desk.leader, {"reason": "同意"})
    assert approved["state"] == "APPROVED"
    assert (await desk.do("pay", desk.colleague, {"how": "BANK"}))["state"] == "PAID"
    assert await desk.balance() == "47666.00"
    assert (await desk.do("complete", desk.clerk, {"papers": ["收条"], "reason": "办结"}))["state"] == "COMPLETED"


@pytest.mark.plan("R-04")
async def test_larger_relief_is_the_districts(desk: Desk) -> None:
    await desk.reserve()
    await desk.apply(kind="EXPENDITURE", cause="ILLNESS", residence="RESIDENT")
    await desk.do("accept", desk.clerk)
    form = {"level": "IV", "surveyors": ["王示一", "李示二"], "finding": "重病"}
    assert (await desk.do("survey", desk.clerk, form))["authority"] == "DISTRICT"
    assert (await desk.do("approve", desk.officer, {"reason": "同意"}, 409))["code"] == "temporary_state"
    published = await desk.do("publicity", desk.clerk, {"place": "村务栏"})
    assert (published["state"], published["noticeTo"]) == ("PUBLICITY", "2026-03-09")
    assert (await desk.do("approve", desk.officer, {"reason": "同意"}, 409))["code"] == "notice_running"
    await desk.pass_time(days=8)
    assert (await desk.do("approve", desk.leader, {"reason": "同意"}, 403))["code"] == "beyond_town"
    await desk.do("approve", desk.officer, {"reason": "同意"})
    assert (await desk.do("pay", desk.colleague, {"how": "BANK"}, 403))["code"] == "not_your_money"
    assert (await desk.do("pay", desk.finance, {"how": "BANK"}))["state"] == "PAID"
    assert await desk.balance() == "50000.00"  # not the town's money
    (entry,) = (await desk.relief.get(f"/reserve-entries?areaCode={LIUHENG}", desk.officer))["items"][1:]
    assert (entry["fromAccount"], entry["toAccount"], entry["amount"]) == ("DISTRICT", "FAMILY", "7002.00")


@pytest.mark.plan("R-04", part="the district's money by the bank's batch")
async def test_the_bank_pays_what_the_district_ordered(desk: Desk) -> None:
    await desk.relief.stand.settle()  # the schedules have begun
    number, account = id_number(date(1970, 1, 1)), {"holder": "示例甲", "card": CARD}
    for _ in range(2):  # one person may have two cases in a month
        await desk.apply(number, kind="EXPENDITURE", cause="ILLNESS")
        await desk.do("accept", desk.clerk)
        form = {"level": "IV", "surveyors": ["王示一", "李示二"], "finding": "重病"}
        await desk.do("survey", desk.clerk, form)
        assert (await desk.do("order", desk.finance, account, 409))["code"] == "temporary_state"
        await desk.do("publicity", desk.clerk, {"place": "村务栏"})
    await desk.pass_time(days=8)
    for case in (await desk.relief.get("/temporary-cases", desk.officer))["items"]:
        desk.id = case["id"]
        await desk.do("approve", desk.officer, {"reason": "同意"})
        await desk.do("order", desk.officer, account, 403)
        assert (await desk.do("order", desk.finance, account))["state"] == "APPROVED"
        assert (await desk.do("order", desk.finance, account, 409))["code"] == "ordered_already"
        assert (await desk.do("pay", desk.finance, {"how": "BANK"}, 409))["code"] == "ordered_already"
    batch = await desk.relief.run(date(2026, 3, 1), "temporary")
    lines = (await desk.relief.get(f"/payments/batches/{batch}/lines", desk.finance))["items"]
    assert [line["amount"] for line in lines] == ["7002.00", "7002.00"]
    rows = [
        {"lineId": line["id"], "outcome": outcome} for line, outcome in zip(lines, ("PAID", "RETURNED"), strict=True)
    ]
    await desk.relief.post(f"/payments/batches/{batch}/returns", desk.finance, {"rows": rows})
    await desk.pass_time(days=1)
    cases = (await desk.relief.get("/temporary-cases", desk.officer))["items"]
    assert sorted(case["state"] for case in cases) == ["APPROVED", "PAID"]
    assert len(await desk.relief.stand.told("relief.temporary.paid.v1")) == 1
    desk.id = next(case["id"] for case in cases if case["state"] == "PAID")
    assert (await desk.see())["paidHow"] == "BATCH"
    done = await desk.do("complete", desk.clerk, {"papers": ["银行回单"], "reason": "办结"})
    assert done["state"] == "COMPLETED"
    # What came back is paid by the next batch, once.
    again = await desk.relief.run(date(2026, 3, 1), "temporary")
    (line,) = (await desk.relief.get(f"/payments/batches/{again}/lines", desk.finance))["items"]
    paid = {"rows": [{"lineId": line["id"], "outcome": "PAID"}]}
    await desk.relief.post(f"/payments/batches/{again}/returns", desk.finance, paid)
    await desk.pass_time(days=1)
    assert len(await desk.relief.stand.told("relief.temporary.paid.v1")) == 2


@pytest.mark.parametrize(
    ("total", "months", "parts"),
    [(7002_00, 1, [7002_00]), (7002_00, 3, [2334_00] * 3), (7002_00, 4, [1752_00, 1750_00, 1750_00, 1750_00])],
)
def test_parts_add_up(total: int, months: int, parts: list[int]) -> None:
    assert instalments(total, months) == parts
    assert sum(parts) == total


@pytest.mark.plan("R-04", part="staged payment")
async def test_in_stages_a_part_a_month(desk: Desk) -> None:
    await desk.relief.stand.settle()
    await desk.apply(kind="EXPENDITURE", cause="ILLNESS")
    await desk.do("accept", desk.clerk)
    await desk.do("survey", desk.clerk, {"level": "IV", "surveyors": ["王示一", "李示二"], "finding": "重病"})
    await desk.do("publicity", desk.clerk, {"place": "村务栏"})
    await desk.pass_time(days=8)
    await desk.do("approve", desk.officer, {"reason": "同意"})
    account = {"holder": "示例甲", "card": CARD}
    assert (await desk.do("order", desk.finance, account | {"months": 7}, 422))["code"] == "too_many_instalments"
    await desk.do("order", desk.finance, account | {"months": 4})
    paid = []
    for month in (3, 4, 5, 6):
        assert (await desk.see())["state"] == "APPROVED"
        clock.set_to(clock.start_of_day(date(2026, month, 20)) + timedelta(hours=9))
        batch = await desk.relief.run(date(2026, month, 1), "temporary")
        (line,) = (await desk.relief.get(f"/payments/batches/{batch}/lines", desk.finance))["items"]
        paid.append(line["amount"])
        rows = [{"lineId": line["id"], "outcome": "PAID"}]
        await desk.relief.post(f"/payments/batches/{batch}/returns", desk.finance, {"rows": rows})
        await desk.pass_time(days=1)
    assert paid == ["1752.00", "1750.00", "1750.00", "1750.00"]
    assert (await desk.see())["state"] == "PAID"
    (told,) = await desk.relief.stand.told("relief.temporary.paid.v1")
    assert told["amount"] == 700200


@pytest.mark.plan("R-04", part="one case one meeting above six times")
async def test_one_case_one_meeting(desk: Desk) -> None:
    await desk.apply()
    await desk.do("accept", desk.clerk)
    body: dict[str, Any] = {"perHead": "9000.00", "isSpecial": True, "minutesNo": "联席〔2026〕3号"}
    assert (await desk.decide("V", desk.officer, 422, isSpecial=True))["code"] == "minutes_missing"
    refused = await desk.decide("V", desk.officer, 409, **body | {"isSpecial": False})
    assert (refused["code"], "超过上限" in refused["detail"]) == ("not_grantable", True)
    assert (await desk.decide("V", expect=403, **body))["code"] == "beyond_town"
    assert (await desk.decide("V", desk.officer, **body))["amount"] == "9000.00"
    assert (await desk.do("pay", desk.finance, {"how": "BANK"}))["state"] == "PAPERS_DUE"


async def test_a_refusal_says_why_and_what_can_be_done(desk: Desk) -> None:
    await desk.apply()
    await desk.do("accept", desk.clerk)
    templates = "select template, channel from kernel.notice order by channel"
    words = {"reason": "家庭有能力自行承担", "legalBasis": "浙江省社会救助条例第三十八条"}
    refused = await desk.do("reject", desk.leader, words)
    assert (refused["state"], "60日内" in refused["remedy"], refused["amount"]) == ("REJECTED", True, None)
    told = [("relief.temporary-refused", "IN_APP"), ("relief.temporary-refused", "PAPER")]
    assert await desk.relief.stand.rows(templates) == told
    assert (await desk.do("pay", desk.colleague, {"how": "CASH"}, 409))["code"] == "temporary_state"
    await desk.pass_time(hours=60)
    assert (await desk.see())["late"] == []


async def test_what_was_decided_and_not_paid_can_be_taken_back(desk: Desk) -> None:
    """It is no grant then, and nobody waits for money."""
    number = id_number(date(1970, 1, 1))
    await desk.reserve()
    words = {"reason": "已由单位垫付", "legalBasis": "浙江省社会救助条例第三十八条"}
    for _ in range(2):
        await desk.apply(number)
        await desk.do("accept", desk.clerk)
        await desk.decide()
        taken_back = await desk.do("reject", desk.officer, words)
        assert (taken_back["state"], taken_back["amount"]) == ("REJECTED", None)
        assert (await desk.do("pay", desk.colleague, {"how": "CASH"}, 409))["code"] == "temporary_state"
    await desk.pass_time(hours=60)
    assert (await desk.see())["late"] == []
    await desk.paid(number)
    assert (await desk.do("reject", desk.officer, words, 409))["code"] == "temporary_state"


# ── how often, and for whom ──────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-04", part="at most two for the same cause in twelve months")
async def test_twice_for_the_same_cause_in_twelve_months(desk: Desk) -> None:
    await desk.reserve()
    husband, wife = id_number(date(1970, 1, 1)), id_number(date(1972, 1, 1))
    await desk.paid(husband)
    await desk.paid(wife, husband)
    await desk.apply(wife)
    await desk.do("accept", desk.clerk)
    assert (await desk.decide())["state"] == "ACCEPTED"  # her second; his would be his third
    await desk.apply(husband)
    await desk.do("accept", desk.clerk)
    refused = await desk.decide(expect=409)
    assert (refused["code"], "已达到上限2次" in refused["detail"]) == ("not_grantable", True)
    await desk.paid(husband, cause="ILLNESS")
    await desk.pass_time(days=366)
    await desk.paid(husband)


async def test_two_cases_of_one_person_are_decided_one_after_the_other(desk: Desk) -> None:
    """Three at once: two are granted, the third finds two before it."""
    number = id_number(date(1970, 1, 1))
    ids = []
    for _ in range(3):
        await desk.apply(number)
        await desk.do("accept", desk.clerk)
        ids.append(desk.id)
    body = {"level": "I", "reason": "属实"}
    path = "/api/relief/temporary-cases/{}/decide"
    client = desk.relief.stand.client
    answers = await asyncio.gather(*(client.post(path.format(one), headers=desk.leader, json=body) for one in ids))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409]


@pytest.mark.plan("R-04", part="residents and people in distress at the place")
async def test_whoever_is_in_distress_here_is_helped_here(desk: Desk) -> None:
    await desk.reserve()
    nobody = [{"name": "示某"}]
    await desk.apply(residence="PASSING", cause="STRANDED", people=nobody)
    await desk.do("accept", desk.clerk)
    await desk.decide()
    assert (await desk.do("pay", desk.colleague, {"how": "GOODS"}))["state"] == "PAPERS_DUE"
    await desk.apply(residence="PASSING", cause="STRANDED", people=nobody, kind="EXPENDITURE")
    await desk.do("accept", desk.clerk)
    form = {"level": "I", "surveyors": ["王示一", "李示二"], "finding": "路过"}
    assert "不能申请支出型" in (await desk.do("survey", desk.clerk, form, 409))["detail"]


async def test_who_sees_what(desk: Desk) -> None:
    number = id_number(date(1970, 1, 1))
    person = desk.relief.stand.app.state.person_key.id_for(number)
    own, other = desk.relief.resident(person), desk.relief.resident("p1" + "b" * 26)
    assert (await desk.apply(number, who=other, expect=403))["code"] == "not_own_family"
    await desk.apply(number, who=own)
    path = f"/temporary-cases/{desk.id}"
    assert (await desk.relief.get(path, own))["state"] == "SUBMITTED"
    await desk.relief.get(path, other, 404)
    await desk.relief.get(path, desk.relief.other_town, 404)
    assert (await desk.relief.get("/temporary-cases", other))["items"] == []
    assert (await desk.apply(areaCode="330903003001", expect=403))["code"] == "area_outside"
    assert "示例甲" not in str(await desk.relief.stand.rows("select * from temporary_case"))
