"""The same over HTTP: two persons with their codes, masked and audited, and the law of a day."""

import json
from datetime import date
from typing import Any

from shared.db.principals import Role
from shared.policy import decide
from shared.policy.service import keep
from tests.kernel.payments.conftest import DISTRICT, Payer
from tests.kernel.payments.payer.app import BOOK, PARAMETERS, Elder, longevity, payments
from tests.kernel.payments.test_batches import FEB, MARCH, TOWN
from tests.kernel.payments.test_deaths import dies

FINANCE, REVIEWER, CLERK, RESIDENT = Role.FINANCE_OFFICER, Role.DISTRICT_REVIEWER, Role.TOWN_CLERK, Role.RESIDENT
PERSON = "p1" + "a" * 26
OTHER = "p1" + "b" * 26


async def elders(payer: Payer) -> None:
    from shared.payments import Grant, open_account

    async with payer.unit() as unit:
        for number, person in enumerate((PERSON, OTHER)):
            account = await open_account(
                unit, person_id=person, area_code=TOWN, holder="示例甲", card="6228480360100000015"
            )
            await payments.grant(
                unit, Grant("longevity", person, TOWN, MARCH, 5000 + number, decision_id="d", account_id=account)
            )


async def post(payer: Payer, path: str, role: Role, account: str, body: Any = None) -> Any:
    answer = await payer.client.post(f"/api/payer/payments{path}", json=body, headers=payer.headers(role, account))
    return answer.status_code, answer.json()


async def get(payer: Payer, path: str, role: Role, account: str = "x", area: str = DISTRICT, person: str = "") -> Any:
    answer = await payer.client.get(f"/api/payer{path}", headers=payer.headers(role, account, area, person))
    return answer.status_code, answer.json() if "json" in answer.headers["content-type"] else answer.text


async def test_a_month_over_http(payer: Payer) -> None:
    await elders(payer)
    body = {"scheme": "longevity", "month": "2025-03", "areaCode": DISTRICT}
    status, run = await post(payer, "/batches", FINANCE, "maker", body)
    assert (status, run["added"], run["addedTotal"], run["done"]) == (201, 2, "100.01", True)
    batch = f"/batches/{run['batch']['id']}"
    assert (await post(payer, "/batches", FINANCE, "maker", body))[1]["added"] == 0
    assert (await post(payer, f"{batch}/approve", REVIEWER, "approver"))[1]["code"] == "batch_state"
    status, checked = await post(payer, f"{batch}/check", FINANCE, "maker")
    assert (status, checked["cancelled"], checked["excluded"]) == (200, 0, {})
    status, refused = await post(payer, f"{batch}/approve", FINANCE, "maker")
    assert (status, refused["code"]) == (403, "approver_is_maker")
    status, approved = await post(payer, f"{batch}/approve", REVIEWER, "approver")
    assert (status, approved["state"], approved["lines"], approved["total"]) == (200, "APPROVED", 2, "100.01")
    assert (await post(payer, f"{batch}/export", REVIEWER, "approver"))[1]["code"] == "releaser_is_approver"
    status, sent = await post(payer, f"{batch}/export", FINANCE, "maker")
    assert (status, sent["state"], len(sent["fileDigest"])) == (200, "SENT", 64)
    status, refused = await get(payer, f"/payments{batch}/file", FINANCE)
    assert (status, refused["code"]) == (422, "reason_required")
    status, content = await get(payer, f"/payments{batch}/file?reason=发放核对", FINANCE)
    assert (status, content.count("6228480360100000015")) == (200, 2)
    status, lines = await get(payer, f"/payments{batch}/lines?limit=1&total=true", FINANCE)
    assert (status, lines["total"], len(lines["items"])) == (200, 2, 1)
    status, rest = await get(payer, f"/payments{batch}/lines?cursor={lines['nextCursor']}", FINANCE)
    ids = [line["id"] for line in lines["items"] + rest["items"]]
    assert {line["personId"] for line in lines["items"] + rest["items"]} == {PERSON, OTHER}
    rows = [{"lineId": ids[0], "outcome": "PAID", "amount": "50.00"}, {"lineId": ids[1], "outcome": "RETURNED"}]
    rows.append({"lineId": "77", "outcome": "PAID"})
    status, returns = await post(payer, f"{batch}/returns", FINANCE, "maker", {"rows": rows})
    assert (status, returns["paid"], returns["returned"], returns["batch"]["state"]) == (200, 1, 1, "RECONCILED")
    assert returns["faults"] == [{"row": 3, "lineId": "77", "code": "unknown_line"}]
    status, page = await get(payer, "/payments/batches?state=RECONCILED", FINANCE)
    assert [item["id"] for item in page["items"]] == [run["batch"]["id"]]
    subjects = await payer.rows(
        "select count(*) from kernel.audit where action = 'payer:payer_list_batch_lines' and subjects <> '{}'"
    )
    assert subjects == [(2,)]


async def test_a_returns_file_over_http(payer: Payer) -> None:
    await elders(payer)
    body = {"scheme": "longevity", "month": "2025-03", "areaCode": DISTRICT}
    batch = (await post(payer, "/batches", FINANCE, "maker", body))[1]["batch"]["id"]
    for step, role, account in (("check", FINANCE, "maker"), ("approve", REVIEWER, "r"), ("export", FINANCE, "maker")):
        await post(payer, f"/batches/{batch}/{step}", role, account)
    lines = (await get(payer, f"/payments/batches/{batch}/lines", FINANCE))[1]["items"]
    paid, returned = (line["id"] for line in lines)

    async def hand_in(text: str, encoding: str = "utf-8") -> tuple[int, str]:
        answer = await payer.client.post(
            f"/api/payer/payments/batches/{batch}/returns-file",
            content=text.encode(encoding),
            headers={**payer.headers(FINANCE, "maker"), "content-type": "text/csv"},
        )
        return answer.status_code, answer.text

    file = (
        "流水号,结果,金额,原因\r\n"
        f"{paid},成功,50.00,\r\n"
        "abc,成功,50.00,\r\n"
        "\r\n"
        f"{returned},失败,50.02,账户已销户\r\n"
        "77,成功,,=HYPERLINK(1)\r\n"
        f"{returned},失败\r\n"
    )
    status, refused = await hand_in(file, "utf-8-sig")
    assert status == 200
    assert refused.splitlines() == [
        "行号,流水号,结果,金额,原因,问题",
        "2,abc,成功,50.00,,流水号、结果或金额无法识别",
        f"4,{returned},失败,50.02,账户已销户,金额与发放明细不一致",
        "5,77,成功,,'=HYPERLINK(1),批次中没有这个流水号",
        f"6,{returned},失败,,,流水号、结果或金额无法识别",
    ]
    assert await hand_in(f"流水号,结果,金额,原因\n{returned},失败,50.01,账户已销户\n") == (
        200,
        "行号,流水号,结果,金额,原因,问题\r\n",
    )
    lines = (await get(payer, f"/payments/batches/{batch}/lines", FINANCE))[1]["items"]
    assert {line["id"]: (line["state"], line["reason"]) for line in lines} == {
        paid: ("PAID", ""),
        returned: ("RETURNED", "账户已销户"),
    }
    for wrong, encoding in (
        ("流水号,结果,金额,原因\n1,成功,1.00,好", "gb18030"),
        ("流水号,金额\n", "utf-8"),
        ("", "utf-8"),
    ):
        status, told = await hand_in(wrong, encoding)
        assert (status, json.loads(told)["code"]) == (422, "returns_file_unreadable")


async def test_recoveries_over_http(payer: Payer) -> None:
    await elders(payer)
    body = {"scheme": "longevity", "month": "2025-04", "areaCode": DISTRICT}
    batch = (await post(payer, "/batches", FINANCE, "maker", body))[1]["batch"]["id"]
    await post(payer, f"/batches/{batch}/check", FINANCE, "maker")
    await post(payer, f"/batches/{batch}/approve", REVIEWER, "approver")
    await post(payer, f"/batches/{batch}/export", FINANCE, "maker")
    await dies(payer, date(2025, 3, 9), PERSON)
    status, page = await get(payer, f"/payments/recoveries?personId={PERSON}&state=PROPOSED", CLERK, area=TOWN)
    assert [(item["month"], item["amount"], item["cause"]) for item in page["items"]] == [
        ("2025-04", "50.00", "death-1")
    ]
    assert (await get(payer, "/payments/recoveries", CLERK, area="330903003000"))[1]["items"] == []
    recovery = f"/recoveries/{page['items'][0]['id']}"
    assert (await post(payer, f"{recovery}/repayments", FINANCE, "f", {"amount": "1.00"}))[1][
        "code"
    ] == "recovery_state"
    assert (await post(payer, f"{recovery}/confirm", FINANCE, "f"))[1]["state"] == "CONFIRMED"
    status, wrong = await post(payer, f"{recovery}/repayments", FINANCE, "f", {"amount": "50.01"})
    assert (status, wrong["code"], wrong["errors"][0]["field"]) == (422, "repaid_too_much", "amount")
    status, repaid = await post(payer, f"{recovery}/repayments", FINANCE, "f", {"amount": "20.00", "note": "现金"})
    assert (status, repaid["amount"]) == (200, "30.00")
    assert (await post(payer, f"{recovery}/write-off", FINANCE, "f", {"reason": "无力退还"}))[0] == 409
    status, gone = await post(payer, f"{recovery}/write-off", REVIEWER, "director", {"reason": "无力退还"})
    assert (status, gone["state"]) == (200, "WRITTEN_OFF")
    status, statement = await get(
        payer, f"/payments/people/{PERSON}/statement?since=2025-03&until=2025-04", RESIDENT, person=PERSON
    )
    assert [(one["month"], one["due"], one["onTheWay"]) for one in statement["months"]] == [
        ("2025-03", "50.00", "50.00"),
        ("2025-04", "0.00", "50.00"),
    ]
    status, others = await get(
        payer, f"/payments/people/{OTHER}/statement?since=2025-03&until=2025-04", RESIDENT, person=PERSON
    )
    assert others["months"] == []


async def test_bad_months_and_long_statements_are_refused(payer: Payer) -> None:
    for month in ("2025-13", "2025-3", "202503", "1899-01", 202503, None):
        body = {"scheme": "longevity", "month": month, "areaCode": DISTRICT}
        status, problem = await post(payer, "/batches", FINANCE, "maker", body)
        assert (status, problem["errors"][0]["field"]) == (422, "month"), month
    path = f"/payments/people/{PERSON}/statement"
    for query, code in (("since=2000-01&until=2025-01", "too_many_months"), ("since=2025-02&until=2025-01", "months")):
        assert (await get(payer, f"{path}?{query}", FINANCE))[1]["code"] == code
    assert (await get(payer, f"{path}?since=2025-1", FINANCE))[0] == 422


async def test_the_law_of_a_day_over_http(payer: Payer) -> None:
    """What was the 低保 standard on 2020-03-01 in 330903?"""
    status, answer = await get(payer, "/policy/longevity.standard?date=2020-03-01&area=330903", CLERK)
    assert status == 200
    assert answer == {
        "parameter": "longevity.standard",
        "description": "低保月标准（每人）",
        "unit": "yuan",
        "value": "810.00",
        "date": "2020-03-01",
        "area": "330903000000",
        "since": "2020-01-01",
        "validIn": "330903",
        "source": "plan 一(一)1, K-01",
        "assumed": True,
        "parameterSet": PARAMETERS.digest,
    }
    assert (await get(payer, "/policy/longevity.amount", CLERK, area=TOWN))[1]["value"][0] == {
        "from_age": 80,
        "amount": "50.00",
    }
    assert (await get(payer, "/policy/longevity.standard?date=2015-01-01", CLERK))[1]["code"] == "nothing_in_force"
    assert (await get(payer, "/policy/longevity.none", CLERK))[1]["code"] == "unknown_parameter"
    assert (await get(payer, "/policy/longevity.standard?area=abc", CLERK))[1]["code"] == "area_code"
    items = (await get(payer, "/policy", CLERK))[1]["items"]
    assert [item["parameter"] for item in items] == ["longevity.amount", "longevity.standard"]


async def test_why_over_http_after_the_law_changed(payer: Payer) -> None:
    decision = decide(longevity, Elder(age=91), PARAMETERS, FEB, TOWN)
    async with payer.unit() as unit:
        decision_id = await keep(unit, decision, PARAMETERS, person_id=PERSON)
    status, why = await get(payer, f"/decisions/{decision_id}/why", CLERK, area=TOWN)
    assert (status, why["outcome"], why["amount"]) == (200, "granted", "100.00")
    assert why["reasons"][0]["sentence"] == "年满91周岁，每月100.00元。"
    assert why["reasons"][0]["inputs"] == {"age": 91}
    assert why["reasons"][0]["parameters"][0]["source"] == "plan 三(二)"
    assert (await get(payer, f"/decisions/{decision_id}/why", CLERK, area="330903003000"))[0] == 404
    assert await payer.rows("select digest from kernel.parameter_set") == [(PARAMETERS.digest,)]
    assert [rule.version for rule in BOOK] == [1]
