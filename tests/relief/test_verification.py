"""One key asks every source; what stays away is missing, not zero (R-07, R-24)."""

import json
import time
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from services.relief.app import SPEC
from services.relief.verification.rules import ITEMS, MOVES, STATES, BadLine, VerificationState, line, move
from shared import clock
from shared.db.principals import Role
from suite.simulators.departments import Departments
from tests.relief.applying import Applying, id_number
from tests.relief.checking import Checking
from tests.relief.families import LIUHENG, Families, person_id
from tests.service_fixture import standing

MONDAY = date(2026, 3, 2)


@pytest.fixture
async def check(admin: URL, relief_template: str, exchange: tuple[str, Departments]) -> AsyncIterator[Checking]:
    clock.set_to(clock.start_of_day(MONDAY) + timedelta(hours=9))
    url, departments = exchange
    departments.behaviours.clear()
    departments.holdings.clear()
    departments.asked.clear()
    async with standing(admin, relief_template, SPEC, departments_url=url) as stand:
        relief = Families(stand)
        checking = Checking(relief, departments, Applying(relief))
        await checking.build()
        yield checking


# ── the rules ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", STATES)
def test_every_other_step_is_refused(state: str) -> None:
    """State machine 5."""
    for action, (sources, target) in MOVES.items():
        if state in sources:
            assert move(state, action) == target
        else:
            with pytest.raises(VerificationState):
                move(state, action)


@pytest.mark.parametrize(
    ("source", "item", "holder", "value", "fits"),
    [
        ("BANKS", "DEPOSIT", "p", "12.30", True),
        ("BANKS", "DEPOSIT", "p", "0.00", True),
        ("BANKS", "DEPOSIT", "p", "-1.00", False),
        ("BANKS", "DEPOSIT", "p", "much", False),
        ("BANKS", "DEPOSIT", "other", "12.30", False),
        ("BANKS", "HOME", "p", "12.30", False),
        ("BANKS", "GOLD", "p", "12.30", False),
        ("REAL_ESTATE", "HOME", "p", "88.5", True),
        ("REAL_ESTATE", "HOME", "p", "NaN", False),
        ("REAL_ESTATE", "HOME", "p", "0", False),
        ("MARRIAGE", "MARRIAGE", "p", "初婚", True),
        ("MARRIAGE", "MARRIAGE", "p", "", False),
    ],
)
def test_a_source_says_only_what_is_its_own_of_whom_it_was_asked(
    source: str, item: str, holder: str, value: str, fits: bool
) -> None:
    if fits:
        assert line(source, item, holder, value, ["p"]).value == value
    else:
        with pytest.raises(BadLine):
            line(source, item, holder, value, ["p"])


def test_what_health_costs_is_graded_higher() -> None:
    assert {item for item, known in ITEMS.items() if known.grade == 4} == {"DISABILITY", "SELF_PAID"}


# ── signatures ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-07", part="signed authorisation of every adult member")
async def test_nobody_is_asked_about_before_every_adult_has_signed(check: Checking) -> None:
    opened = await check.open(sign=False)
    assert (opened["state"], [one["isAdult"] for one in opened["subjects"]]) == ("CREATED", [True, True, False])
    assert (await check.do("run", check.town.clerk, expect=409))["code"] == "not_authorised"
    first = await check.do("authorisations", check.town.clerk, {"authorisations": check.signatures(0)})
    assert first["state"] == "CREATED"
    assert (await check.do("run", check.town.clerk, expect=409))["code"] == "not_authorised"
    # The other adult signs by herself, on her phone, and cannot sign for her husband.
    wife = check.relief.resident(check.people[1])
    body = {"authorisations": check.signatures(0)}
    assert (await check.do("authorisations", wife, body, 403))["code"] == "not_own_signature"
    signed = await check.do("authorisations", wife, {"authorisations": check.signatures(1)})
    assert signed["state"] == "AUTHORISED"
    assert [one["personId"] for one in signed["subjects"]] == [check.people[1]]  # her own row
    await check.relief.stand.settle()
    assert check.departments.asked == []
    assert (await check.do("run", check.town.clerk))["state"] == "QUERYING"
    await check.relief.stand.settle()
    assert (await check.see())["state"] == "REPORTED"
    assert len(check.departments.asked) == 16


async def test_signatures_that_are_none(check: Checking) -> None:
    await check.open(sign=False)
    clerk, today = check.town.clerk, clock.today().isoformat()

    async def refused(one: dict[str, Any], code: str) -> None:
        found = await check.do("authorisations", clerk, {"authorisations": [one]}, 422)
        assert found["code"] == code

    stranger = id_number(date(1960, 1, 1))
    await refused({"idNumber": stranger, "signedOn": today}, "not_a_subject")
    await refused({"idNumber": check.numbers[2], "signedOn": today}, "signer_not_adult")
    await refused({"idNumber": check.numbers[1], "signedOn": today, "signedBy": check.people[0]}, "signer_not_adult")
    await refused({"idNumber": check.numbers[2], "signedOn": today, "signedBy": person_id(7)}, "signer_not_adult")
    await refused({"idNumber": check.numbers[0], "signedOn": "2026-03-03"}, "date_in_future")
    await refused({"idNumber": check.numbers[0][:-1] + "0", "signedOn": today}, "invalid_request")
    assert (await check.see())["state"] == "CREATED"


async def test_one_at_a_time_and_only_for_ones_own_application(check: Checking) -> None:
    await check.open(sign=False)
    assert (await check.open(sign=False, expect=409))["code"] == "verification_open"
    other = await check.relief.enter()
    body = {"householdId": other.household_id, "applicationId": check.town.id}
    assert (await check.relief.post("/verifications", check.town.clerk, body, 409))["code"] == "application_state"
    await check.relief.get(f"/verifications/{check.id}", check.relief.other_town, 404)
    assert (await check.relief.get("/verifications", check.relief.other_town))["items"] == []


# ── one key ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-07")
@pytest.mark.plan("R-24", part="one-key verification")
async def test_one_key_and_the_opinion_can_be_formed(check: Checking) -> None:
    check.holds("BANKS", "DEPOSIT", "12000.00")
    check.holds("BANKS", "DEPOSIT", "500.00", who=1)
    check.holds("TAX", "WAGE", "14400.00", who=1)
    check.holds("SOCIAL_INSURANCE", "PENSION_BASE", "1200.00")
    check.holds("REAL_ESTATE", "HOME", "86.5")
    check.holds("MARRIAGE", "MARRIAGE", "初婚")
    check.holds("MEDICAL_INSURANCE", "SELF_PAID", "8000.00", who=2)
    await check.town.survey()
    assert (await check.town.opinion(expect=409))["code"] == "not_verified"
    assert (await check.open())["state"] == "QUERYING"
    await check.relief.stand.settle()
    found = await check.see()
    assert (found["state"], found["isWhole"], found["over"]) == ("REPORTED", True, [])
    assert found["within"] == ["DIBAO", "MARGINAL", "RIGID"]
    assert {one["state"] for one in found["sources"]} == {"ANSWERED"}
    assert len(found["sources"]) == 16
    # The base pension counts again from 2026 on: (14,400 + 1,200) / 12.
    assert found["income"] == "1300.00"
    why = await check.relief.get(f"/decisions/{found['decisions']['INCOME']}/why", check.town.clerk)
    assert "工资性收入14,400.00元计入" in why["reasons"][0]["sentence"]
    lines = await check.lines()
    assert (lines["DEPOSIT"]["value"], lines["DEPOSIT"]["source"]) == ("500.00", "BANKS")
    assert (lines["WAGE"]["holderId"], lines["WAGE"]["asOf"]) == (check.people[1], "2026-03-02")
    assert not any(one["isOverLimit"] for one in lines.values())
    (told,) = await check.relief.stand.told("relief.verification.completed.v1")
    assert told == {
        "reqId": check.id, "householdId": check.household, "overLimit": [], "gaps": [], "round": 1,
    }  # fmt: skip
    assert (await check.town.opinion())["state"] == "PRELIM_OPINION"
    steps = (await check.relief.get(f"/verifications/{check.id}/steps", check.town.clerk))["items"]
    assert [one["toState"] for one in steps] == ["AUTHORISED", "QUERYING", "REPORTED"]


@pytest.mark.plan("R-07", part="a report in part completes by itself; unavailable is not zero")
async def test_two_of_sixteen_are_down_and_the_report_completes_by_itself(check: Checking) -> None:
    check.holds("BANKS", "DEPOSIT", "12000.00")
    check.holds("TAX", "WAGE", "24000.00")
    check.behave("bank", "down")
    check.behave("tax", "wrong")
    found = await check.run()
    assert (found["state"], found["isWhole"], found["within"], found["income"]) == ("PARTIAL", False, [], None)
    away = {one["source"]: one["reason"] for one in found["sources"] if one["state"] == "UNAVAILABLE"}
    assert set(away) == {"BANKS", "TAX"}
    assert all(away.values())
    assert (await check.lines()) == {}
    await check.town.survey()
    assert (await check.town.opinion(expect=409))["code"] == "not_verified"
    assert await check.relief.stand.told("relief.verification.completed.v1") == []
    check.behave("bank", "ok")
    await check.pass_time(minutes=1.1)
    found = await check.see()
    assert (found["state"], (await check.source("BANKS"))["state"]) == ("PARTIAL", "ANSWERED")
    check.behave("tax", "ok")
    await check.pass_time(minutes=5.1)
    found = await check.see()
    assert (found["state"], found["isWhole"], found["income"]) == ("REPORTED", True, "2000.00")
    assert (await check.lines())["DEPOSIT"]["value"] == "12000.00"
    assert (await check.town.opinion())["state"] == "PRELIM_OPINION"


async def test_what_is_over_is_said_of_a_report_in_part_too(check: Checking) -> None:
    check.holds("VEHICLES", "VEHICLE", "90000.00")
    check.behave("bank", "down")
    found = await check.run()
    assert (found["state"], found["over"], found["within"]) == ("PARTIAL", ["VEHICLE"], [])
    assert (await check.lines())["VEHICLE"]["overFor"] == ["DIBAO", "MARGINAL", "RIGID"]
    assert (await check.town.see())["state"] == "INVESTIGATING"  # told of whole reports only


async def test_a_slow_source_is_over_time_and_holds_up_nobody(check: Checking) -> None:
    check.behave("maritime", "slow", seconds=8)
    found = await check.run()
    assert found["state"] == "PARTIAL"
    ships = await check.source("SHIPS")
    assert (ships["state"], ships["reason"] != "") == ("UNAVAILABLE", True)
    assert sum(one["state"] == "ANSWERED" for one in found["sources"]) == 15


async def test_a_slow_source_of_many_families_costs_its_own_time_once(check: Checking) -> None:
    """Six families, each with the same slow source: its six calls wait side by side, and the other ninety pass by."""
    check.behave("maritime", "slow", seconds=8)
    for _ in range(6):
        other = Checking(check.relief, check.departments, Applying(check.relief))
        await other.build()
        await other.open(0, 1)
    began = time.monotonic()
    await check.relief.stand.settle()
    took = time.monotonic() - began
    states = "select state, count(*) from verification_source group by state order by state"
    assert await check.relief.stand.rows(states) == [("ANSWERED", 90), ("UNAVAILABLE", 6)]
    assert took < 3 * 5  # five seconds is what one call waits


async def test_a_source_nobody_has_asked_in_time_is_over_time_too(check: Checking) -> None:
    """No worker runs: the time-out speaks; when it runs again the report completes."""
    await check.open()
    clock.shift(timedelta(minutes=2, seconds=1))
    runtime = check.relief.stand.runtime
    for _ in range(3):
        for name in ("alarm", "inbox"):
            await runtime.loops[name].work()
    states = {one["source"]: one["state"] for one in (await check.see())["sources"]}
    assert (states["TAX"], states["BANKS"]) == ("UNAVAILABLE", "WAITING")  # two minutes, five minutes
    assert (await check.source("TAX"))["reason"] == "未在规定时间内答复"
    await check.relief.stand.settle()
    assert (await check.see())["state"] == "REPORTED"


async def test_an_answer_nobody_can_use_is_no_answer(check: Checking) -> None:
    """Garbled, about an item of another source, or with an amount that is none."""
    check.behave("securities", "garbled")
    check.holds("INSURANCE", "DEPOSIT", "1.00")
    check.holds("REAL_ESTATE", "HOME", "big")
    found = await check.run()
    assert found["state"] == "PARTIAL"
    amiss = {one["source"] for one in found["sources"] if one["reason"] == "答复内容不符合约定"}
    assert amiss == {"SECURITIES", "INSURANCE", "REAL_ESTATE"}
    assert (await check.lines()) == {}
    check.behave("securities", "ok")
    check.departments.holdings.clear()
    check.holds("REAL_ESTATE", "HOME", "60")
    await check.pass_time(hours=6.1)
    found = await check.see()
    assert found["state"] == "REPORTED"
    assert (await check.source("SECURITIES"))["askedTimes"] == 2
    assert (await check.lines())["HOME"]["value"] == "60"


async def test_after_three_days_it_is_peoples(check: Checking) -> None:
    check.behave("bank", "down")
    await check.run()
    for minutes in (1.1, 5.1, 30.1, 121):
        await check.pass_time(minutes=minutes)
    for _ in range(15):
        await check.pass_time(hours=6.1)
    asked = (await check.source("BANKS"))["askedTimes"]
    for _ in range(8):
        await check.pass_time(hours=6.1)
    assert (await check.source("BANKS"))["askedTimes"] == asked >= 2
    clerk, officer = check.town.clerk, check.relief.district
    # A clerk may ask again, not answer for the bank.
    await check.do("ask", clerk, {"source": "BANKS"})
    await check.relief.stand.settle()
    assert (await check.source("BANKS"))["state"] == "UNAVAILABLE"
    paper: dict[str, Any] = {"source": "BANKS", "document": "存款证明2026-17号", "lines": [
        {"item": "DEPOSIT", "holderId": check.people[0], "value": "321.00", "asOf": clock.today().isoformat()}
    ]}  # fmt: skip
    await check.do("paper", clerk, paper, 403)
    assert (await check.do("paper", officer, paper | {"source": "TAX"}, 409))["code"] == ("source_answered")
    wrong = paper | {"lines": [paper["lines"][0] | {"item": "HOME"}]}
    assert (await check.do("paper", officer, wrong, 422))["code"] == "bad_line"
    found = await check.do("paper", officer, paper)
    assert (found["state"], found["isWhole"]) == ("REPORTED", True)
    lines = await check.lines()
    assert (lines["DEPOSIT"]["value"], lines["DEPOSIT"]["document"]) == ("321.00", "存款证明2026-17号")
    # What the bank says now is nobody's any more.
    check.behave("bank", "ok")
    check.holds("BANKS", "DEPOSIT", "1.00")
    await check.pass_time(hours=7)
    assert (await check.lines())["DEPOSIT"]["value"] == "321.00"


async def test_a_gap_is_closed_with_a_reason_and_named(check: Checking) -> None:
    check.behave("securities", "refuse")
    found = await check.run()
    assert (found["state"], (await check.source("SECURITIES"))["state"]) == ("PARTIAL", "REFUSED")
    found = await check.do("close", check.relief.district, {"source": "SECURITIES", "reason": "系统停用"})
    assert (found["state"], found["isWhole"]) == ("REPORTED", False)
    (told,) = await check.relief.stand.told("relief.verification.completed.v1")
    assert told["gaps"] == ["SECURITIES"]


@pytest.mark.plan("R-24", part="a resident starts the check on her phone")
async def test_an_applicant_starts_it_by_herself(check: Checking) -> None:
    """She opens it and signs for herself and her child; her husband is asked, signs, and the office presses the key."""
    own, other = check.relief.resident(check.people[0]), check.relief.resident(check.people[1])
    body = {"householdId": check.household, "applicationId": check.town.id}
    assert (await check.relief.post("/verifications", other, body, 403))["code"] == "not_own_family"
    alone = {"householdId": check.household}
    assert (await check.relief.post("/verifications", own, alone, 403))["code"] == "not_own_family"
    signed = body | {"authorisations": check.signatures(0, 2)}
    opened = await check.relief.post("/verifications", own, signed, 201)
    assert (opened["state"], [one["personId"] for one in opened["subjects"]]) == ("CREATED", [check.people[0]])
    check.id = opened["id"]
    told = await check.relief.stand.rows("select person_id from kernel.notice where template like '%verification-sign'")
    assert told == [(check.people[1],)]
    await check.do("authorisations", other, {"authorisations": check.signatures(1)})
    await check.do("run", own, expect=403)
    await check.do("run", check.town.clerk)
    await check.relief.stand.settle()
    assert (await check.see(own))["state"] == "REPORTED"


@pytest.mark.plan("R-07", part="an authorisation taken back ends the check")
async def test_an_authorisation_is_taken_back(check: Checking) -> None:
    check.behave("bank", "down")
    check.holds("BANKS", "DEPOSIT", "100.00")
    await check.run()
    wife = check.relief.resident(check.people[1])
    ended = await check.do("withdraw", wife, {"reason": "不再同意核对"})
    assert (ended["state"], ended["dueOn"]) == ("WITHDRAWN", None)
    check.behave("bank", "ok")
    await check.pass_time(days=4)
    assert ((await check.see())["state"], await check.lines()) == ("WITHDRAWN", {})
    assert [one for one in check.departments.asked if one["department"] == "bank"] == []
    assert (await check.do("run", check.town.clerk, expect=409))["code"] == "verification_state"
    assert (await check.open())["state"] == "QUERYING"  # another may begin


@pytest.mark.plan("R-07", part="discrepancy between what was told and what was found")
async def test_what_differs_from_what_was_told_is_said(check: Checking) -> None:
    check.holds("TAX", "WAGE", "14400.00")
    found = await check.run()
    assert (found["income"], found["declaredIncome"], found["difference"]) == ("1200.00", "0.00", "1200.00")
    await check.town.survey(monthlyIncome="1200.00")
    assert (await check.see())["declaredIncome"] == "0.00"  # as it was told then


# ── over the limits, and the objection ───────────────────────────────────────────────────────────


@pytest.mark.plan("R-07", part="objection with evidence, re-check")
async def test_over_every_limit_objected_and_checked_again(check: Checking) -> None:
    check.holds("VEHICLES", "VEHICLE", "90000.00")
    found = await check.run()
    assert (found["state"], found["within"], found["over"]) == ("REPORTED", [], ["VEHICLE"])
    application = await check.town.see()
    assert (application["state"], application["overLimit"]) == ("OVER_LIMIT", ["机动车超过规定"])
    husband = check.relief.resident(check.people[0])
    words = {"reason": "车辆已于去年出售"}
    assert (await check.do("objection", husband, words, 409))["code"] == "evidence_missing"
    await check.hand_in(husband)
    objected = await check.do("objection", husband, words)
    assert (objected["state"], objected["dueOn"]) == ("OBJECTED", "2026-03-16")  # ten working days
    assert (await check.town.see())["state"] == "INVESTIGATING"
    check.departments.holdings.clear()
    again = await check.do("recheck", check.relief.district, {"ask": ["VEHICLES"]})
    assert again["state"] == "OBJECTED"
    await check.relief.stand.settle()
    found = await check.see()
    assert (found["state"], found["round"], found["over"], found["isWhole"]) == ("RECHECKED", 2, [], True)
    assert found["within"] == ["DIBAO", "MARGINAL", "RIGID"]
    assert (await check.lines()) == {}
    assert (await check.town.see())["verifiedAt"] is not None
    assert len([one for one in check.departments.asked if one["department"] == "traffic"]) == 2
    assert len(check.departments.asked) == 17  # nobody else was asked again
    assert (await check.do("objection", husband, words, 409))["code"] == "verification_state"  # once


async def test_a_paper_corrects_a_source(check: Checking) -> None:
    check.holds("MARKET", "COMPANY", "50000.00")
    check.holds("REAL_ESTATE", "HOME", "60")
    await check.run()
    await check.hand_in()
    await check.do("objection", check.town.clerk, {"reason": "被冒名登记"})
    assert (await check.do("recheck", check.relief.district, {}, 422))["code"] == "no_such_source"
    body = {"corrections": [{"source": "MARKET", "document": "撤销登记决定", "lines": []}]}
    found = await check.do("recheck", check.relief.district, body)
    assert (found["state"], found["within"]) == ("RECHECKED", ["DIBAO", "MARGINAL", "RIGID"])
    assert set(await check.lines()) == {"HOME"}


async def test_savings_over_one_kinds_limit_stop_no_other(check: Checking) -> None:
    """3 × 24 × 1,167 = 84,024; over it is still within 低边."""
    check.holds("BANKS", "DEPOSIT", "80000.00")
    check.holds("INSURANCE", "POLICY", "10000.00", who=1)
    found = await check.run()
    assert (found["within"], found["over"]) == (["MARGINAL", "RIGID"], ["FINANCIAL"])
    lines = await check.lines()
    assert lines["DEPOSIT"]["overFor"] == lines["POLICY"]["overFor"] == ["DIBAO"]
    assert (await check.town.see())["state"] == "INVESTIGATING"


@pytest.mark.plan("R-07", part="supporters sign and are held to give")
async def test_supporters_are_asked_about_with_their_signature(check: Checking) -> None:
    son = id_number(date(1990, 1, 1))
    check.numbers.append(son)
    check.holds("TAX", "WAGE", "96000.00", who=3)
    check.holds("BANKS", "DEPOSIT", "900000.00", who=3)
    supporter = {"idNumber": son, "name": "示例戊", "familySize": 2}
    opened = await check.open(0, 1, supporters=[supporter])
    assert opened["state"] == "CREATED"
    signed = {"authorisations": [{"idNumber": son, "signedOn": "2026-03-01"}]}
    assert (await check.do("authorisations", check.town.clerk, signed))["state"] == "AUTHORISED"
    await check.do("run", check.town.clerk)
    await check.relief.stand.settle()
    found = await check.see()
    # (96,000 / 12 / 2 − 2 × 1,167) × 30 % = 499.80; his savings are his own.
    assert (found["income"], found["over"]) == ("499.80", [])
    assert (await check.lines())["DEPOSIT"]["isOverLimit"] is False
    # What the son earns is the office's to read, not his parents'.
    why, father = f"/decisions/{found['decisions']['INCOME']}/why", check.relief.resident(check.people[0])
    assert "4,000.00元" in str(await check.relief.get(why, check.town.clerk))
    await check.relief.get(why, father, 404)
    await check.relief.get(f"/decisions/{found['decisions']['DIBAO']}/why", father)
    assert set(await check.lines(father)) == set()


# ── who sees what ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plan("R-07", part="values masked, reading audited")
async def test_values_are_masked_sealed_and_asked_for_with_a_reason(check: Checking) -> None:
    check.holds("BANKS", "DEPOSIT", "12345.67")
    check.holds("MEDICAL_INSURANCE", "SELF_PAID", "23456.78", who=1)
    await check.run()
    masked = await check.lines(clear=False)
    assert {one["value"] for one in masked.values()} == {"****"}
    assert (await check.see(check.relief.village))["decisions"] == {}  # their sentences say the amounts
    assert set(await check.lines(check.relief.village, clear=False)) == {"DEPOSIT", "SELF_PAID"}
    path = f"/verifications/{check.id}/report"
    assert (await check.relief.get(path, check.town.clerk, 422))["code"] == "reason_required"
    await check.relief.get(f"{path}?reason=审核", check.relief.village, 403)
    assert {one["value"] for one in (await check.lines()).values()} == {"12345.67", "23456.78"}
    # Each sees her own.
    husband, wife = (check.relief.resident(person) for person in check.people[:2])
    assert set(await check.lines(husband)) == {"DEPOSIT"}
    assert set(await check.lines(wife)) == {"SELF_PAID"}
    stranger = check.relief.stand.headers(Role.RESIDENT, "", person=person_id(5), account="r-5")
    await check.relief.get(f"/verifications/{check.id}", stranger, 404)
    audited = await check.relief.stand.rows(
        "select reason, subjects from kernel.audit where action like '%get_verification_report' and outcome = 'done'"
        " order by at"
    )
    assert ("审核" in audited[0][0], check.people[0] in audited[0][1]) == (True, True)
    # Nothing of it lies in the clear: not the line, not the call, not its way through the inbox.
    for table in ("verification_line", "kernel.outgoing_call", "kernel.inbox", "verification_subject"):
        whole = json.dumps([str(row) for row in await check.relief.stand.rows(f"select * from {table}")])
        for secret in ("12345.67", "23456.78", check.numbers[0]):
            assert secret not in whole, table


async def test_limits_run_out(check: Checking) -> None:
    await check.open(sign=False)
    assert (await check.see())["dueOn"] == "2026-03-05"  # three working days
    await check.pass_time(days=4)
    assert (await check.see())["overdueAt"] is not None
    check.behave("bank", "down")
    await check.do("authorisations", check.town.clerk, {"authorisations": check.signatures()})
    running = await check.do("run", check.town.clerk)
    assert (running["dueOn"], running["overdueAt"]) == ("2026-03-13", None)
    await check.pass_time(days=8)
    assert (await check.see())["overdueAt"] is not None


async def test_a_relative_on_duty_keeps_away(check: Checking) -> None:
    await check.open(sign=False)
    members = await check.town.members()
    cadre = person_id(77)
    party = {"memberId": members[0]["id"], "name": "示大海", "duty": "RELIEF_STAFF", "relation": "SIBLING"}
    body = {"kind": "KINSHIP", "isPositive": True, "declaredBy": check.people[0], "declaredOn": "2026-03-02"}
    body["parties"] = [party | {"unitName": "示例镇", "personId": cadre}]
    await check.relief.post(f"/households/{check.household}/filings", check.town.clerk, body, 201)
    clerk = check.relief.stand.headers(Role.TOWN_CLERK, LIUHENG, account="cousin", person=cadre)
    found = await check.do("authorisations", clerk, {"authorisations": check.signatures(0)}, 403)
    assert found["code"] == "close_relative"
