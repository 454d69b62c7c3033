"""Medical costs: four layers to the fen, the year's deductibles, the burden of twelve months, and who goes there."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.relief.law import parameters
from services.relief.medical.rules import LayerFacts, medical
from shared import clock
from shared.money import parse_yuan
from shared.policy import decide
from tests.relief.families import VILLAGE, Families
from tests.relief.test_http import family_body

ADULT = date(1975, 6, 1)
WHY = "?reason=核对情况"


def bill(person: str, no: str, total: str, outside: str = "0.00", on: date | None = None) -> dict[str, Any]:
    return {
        "personId": person,
        "billNo": no,
        "settledOn": (on or clock.today()).isoformat(),
        "total": total,
        "outOfScope": outside,
        "hospital": "示例医院",
        "illness": "示例病种",
    }


async def entered(relief: Families, body: dict[str, Any]) -> dict[str, Any]:
    """A bill entered, and then read with a reason."""
    made = await relief.post("/medical/bills", relief.town, body, 201)
    assert (made["own"], made["illness"]) == ("****", "****")
    return dict(await relief.get(f"/medical/bills/{made['id']}{WHY}", relief.town))


@pytest.mark.plan("R-06", part="four layers of medical reimbursement")
async def test_the_worked_example_to_the_fen(relief: Families) -> None:
    family = await relief.enter(ADULT)
    shown = await entered(relief, bill(family.people[0], "A1", "120000.00", "15000.00", date(2020, 5, 6)))
    assert [shown[name] for name in ("basic", "serious", "assistance", "supplementary", "own")] == [
        "72800.00",
        "10320.00",
        "12034.00",
        "4923.00",
        "19923.00",
    ]
    assert (shown["personClass"], shown["illness"]) == ("DIBAO", "示例病种")
    assert [one["sentence"] for one in shown["reasons"]][3:] == [
        "医疗救助（起付线0.00元，比例55%）支付12,034.00元",
        "精准扶贫医疗保险（起付线0.00元，比例50%）支付4,923.00元",
        "个人负担19,923.00元",
    ]
    found = await relief.stand.scalar("select position(convert_to('病种', 'utf8') in illness) from medical_bill")
    assert found == 0


@pytest.mark.parametrize(
    ("person_class", "on", "total", "outside", "own"),
    [
        ("DIBAO", date(2018, 12, 31), "120000.00", "15000.00", "20470.00"),  # assistance 50 %
        ("DIBAO", date(2019, 1, 1), "120000.00", "15000.00", "19923.00"),  # 55 %
        ("TEKUN", date(2022, 1, 1), "120000.00", "15000.00", "18282.00"),  # 70 %
        ("MARGINAL", date(2022, 1, 1), "120000.00", "15000.00", "21176.00"),  # 60 % over 6,000
        ("RIGID", date(2022, 1, 1), "120000.00", "15000.00", "32752.00"),  # 60 % over 15,000
        ("GENERAL", date(2022, 1, 1), "120000.00", "15000.00", "36880.00"),  # neither of the last two
        ("DIBAO", date(2022, 1, 1), "1000.00", "0.00", "150.00"),  # below the first deductible: 30 % of a half
        ("DIBAO", date(2022, 1, 1), "0.01", "0.01", "0.01"),
    ],
)
def test_layers_by_class_and_date(person_class: str, on: date, total: str, outside: str, own: str) -> None:
    facts = LayerFacts(person_class=person_class, total_fen=parse_yuan(total), out_of_scope_fen=parse_yuan(outside))
    assert decide(medical, facts, parameters(), on, VILLAGE).amount_fen == parse_yuan(own)


async def test_deductibles_are_of_a_year(relief: Families) -> None:
    family = await relief.enter(ADULT)
    who = family.people[0]
    parts = [("60000.00", "15000.00"), ("40000.00", "0.00"), ("20000.00", "0.00")]
    for number, (total, outside) in enumerate(parts):
        await entered(relief, bill(who, f"P{number}", total, outside, date(2020, 3 + number, 6)))
    sums = "select sum(basic_fen), sum(serious_fen), sum(assistance_fen), sum(supplementary_fen), sum(own_fen)"
    assert await relief.stand.rows(f"{sums} from medical_bill") == [(7280000, 1032000, 1203400, 492300, 1992300)]
    # a new year begins with its own deductible
    again = await entered(relief, bill(who, "N", "1000.00", on=date(2021, 1, 1)))
    assert again["basic"] == "0.00"


async def test_bills_are_refused_with_their_reason(relief: Families) -> None:
    family = await relief.enter(ADULT)
    who = family.people[0]
    await entered(relief, bill(who, "A1", "100.00"))
    assert (await relief.post("/medical/bills", relief.town, bill(who, "A1", "100.00"), 409))["code"] == "bill_known"
    for body, code in (
        (bill(who, "A2", "100.00", on=clock.today() + timedelta(days=1)), "date_in_future"),
        (bill(who, "A2", "100.00", "100.01"), "out_of_scope_too_large"),
    ):
        assert (await relief.post("/medical/bills", relief.town, body, 422))["code"] == code
    for body in (bill("p1" + "x" * 26, "A2", "100.00"), bill(who, "A2", "100.00", on=date(2019, 12, 31))):
        assert (await relief.post("/medical/bills", relief.town, body, 404))["code"] == "person_unknown"
    await relief.post("/medical/bills", relief.other_town, bill(who, "A2", "100.00"), 404)
    assert (await relief.get("/medical/bills", relief.other_town))["items"] == []


async def test_a_delivery_is_taken_bill_by_bill_and_once(relief: Families) -> None:
    one, two = await relief.enter(ADULT), await relief.enter(ADULT)
    unknown = "p1" + "x" * 26
    bills = [
        bill(one.people[0], "D1", "30000.00", "30000.00"),
        bill(unknown, "D2", "100.00"),
        bill(one.people[0], "D1", "30000.00", "30000.00"),
        bill(two.people[0], "D3", "100.00", "100.01"),
        bill(two.people[0], "D4", "50000.00", "50000.00"),
    ]
    told = await relief.post("/medical/deliveries", relief.town, {"bills": bills})
    assert [(item["billNo"], item["outcome"], item["code"]) for item in told["items"]] == [
        ("D1", "ENTERED", ""),
        ("D2", "REFUSED", "person_unknown"),
        ("D1", "KNOWN", ""),
        ("D3", "REFUSED", "out_of_scope_too_large"),
        ("D4", "ENTERED", ""),
    ]
    again = await relief.post("/medical/deliveries", relief.town, {"bills": bills})
    assert (again["entered"], [item["outcome"] for item in again["items"]].count("KNOWN")) == (0, 3)
    # another town's clerk: nobody of hers, nothing entered
    other = [bill(one.people[0], "D5", "100.00")]
    told = await relief.post("/medical/deliveries", relief.other_town, {"bills": other})
    assert [(item["outcome"], item["code"]) for item in told["items"]] == [("REFUSED", "person_unknown")]
    assert await relief.stand.scalar("select count(*) from medical_bill") == 2
    (burden,) = (await relief.get("/medical/burdens", relief.town))["items"]
    assert burden["personId"] == two.people[0]


@pytest.mark.plan("R-23")
async def test_a_burden_of_fifty_thousand_calls_for_a_visit(relief: Families) -> None:
    start = datetime(2026, 6, 8, 9, 0, tzinfo=clock.SHANGHAI)  # a Monday
    with clock.frozen(start):
        family = await relief.enter(ADULT, ADULT, income=1000)
        who = family.people[1]
        # one fen below, over two bills more than twelve months apart from a third
        await entered(relief, bill(who, "OLD", "90000.00", "90000.00", date(2025, 6, 8)))
        await entered(relief, bill(who, "B1", "30000.00", "30000.00", date(2025, 6, 9)))
        await entered(relief, bill(who, "B2", "19999.99", "19999.99"))
        assert (await relief.get("/medical/burdens", relief.town))["items"] == []
        level = await relief.get(f"/households/{family.household_id}/level", relief.town)
        assert (level["level"], level["points"], level["kinds"]) == ("YELLOW", 20, ["HEALTH"])
        await entered(relief, bill(who, "B3", "0.01", "0.01"))
        (burden,) = (await relief.get("/medical/burdens?state=RAISED", relief.town))["items"]
        assert (burden["personId"], burden["step"], burden["amount"]) == (who, 1, "****")
        # one working day to give it to somebody, five to go there
        ends = [
            datetime.fromisoformat(burden[name]).astimezone(clock.SHANGHAI) for name in ("assignDueAt", "visitDueAt")
        ]
        assert [(end.date(), end.hour) for end in ends] == [(date(2026, 6, 10), 0), (date(2026, 6, 16), 0)]
        level = await relief.get(f"/households/{family.household_id}/level", relief.town)
        assert (level["level"], level["points"]) == ("ORANGE", 40)
        path = f"/medical/burdens/{burden['id']}"
        facts = (await relief.get(f"{path}{WHY}", relief.town))["application"]
        assert (facts["householdId"], facts["patientId"], facts["members"]) == (family.household_id, who, 2)
        assert (facts["monthlyIncome"], facts["burden"], facts["familySpending"]) == ("1000.00", "50000.00", "50000.00")
    with clock.frozen(start + timedelta(days=1)):
        result = {"outcome": "APPLICATION", "remark": "示例"}
        assert (await relief.post(f"{path}/visit", relief.village, result, 409))["code"] == "burden_in_wrong_state"
        assert (await relief.post(f"{path}/assign", relief.town, {"to": "village"}))["state"] == "ASSIGNED"
        done = await relief.post(f"{path}/visit", relief.village, result)
        assert (done["state"], done["outcome"], done["overdueAt"]) == ("VISITED", "APPLICATION", None)
        await relief.get(f"{path}{WHY}", relief.village, 403)
        shown = await relief.get(f"{path}{WHY}", relief.town)
        assert (shown["amount"], shown["remark"]) == ("50000.00", "示例")
        # a day later the oldest bill has left the twelve months
        assert (shown["application"]["burden"], shown["application"]["familySpending"]) == ("50000.00", "20000.00")
        # an application of the family is begun, for it to sign
        application = await relief.get(f"/applications/{done['applicationId']}", relief.town)
        assert (application["state"], application["householdId"]) == ("DRAFT", family.household_id)
    (told,) = await relief.stand.told("relief.medical-burden.exceeded.v1")
    assert (told["personId"], told["amount"], told["window"], told["step"]) == (who, 5000000, "2026-06-08", 1)


@pytest.mark.plan("R-23", part="what the rules would say of a family that is not yet helped")
async def test_a_family_above_the_limits_is_proposed_for_its_spending(relief: Families) -> None:
    """8,000 a month for two is no 低保 and no 低边; 60,000 of 96,000 a year are gone for an illness."""
    entered_home = await relief.post("/households", relief.town, family_body(900, "8000.00", heads=2), 201)
    patient, other = (member["personId"] for member in entered_home["members"])
    await entered(relief, bill(patient, "E1", "50000.00", "50000.00"))
    (burden,) = (await relief.get("/medical/burdens", relief.town))["items"]
    facts = (await relief.get(f"/medical/burdens/{burden['id']}{WHY}", relief.town))["application"]
    assert (facts["familySpending"], facts["proposedKind"]) == ("50000.00", "")
    await entered(relief, bill(other, "E2", "7600.00", "7600.00"))
    path = f"/medical/burdens/{burden['id']}"
    await relief.post(f"{path}/assign", relief.town, {"to": "village"})
    await relief.post(f"{path}/visit", relief.village, {"outcome": "APPLICATION", "remark": "示例"})
    facts = (await relief.get(f"{path}{WHY}", relief.town))["application"]
    assert (facts["burden"], facts["familySpending"], facts["proposedKind"]) == ("50000.00", "57600.00", "RIGID")


async def test_each_further_step_calls_once_in_twelve_months(relief: Families) -> None:
    family = await relief.enter(ADULT)
    who = family.people[0]

    async def pay(day: date, no: str, yuan: str) -> list[int]:
        with clock.frozen(clock.start_of_day(day) + timedelta(hours=9)):
            await entered(relief, bill(who, no, yuan, yuan))
            return [one["step"] for one in (await relief.get("/medical/burdens", relief.town))["items"]]

    assert await pay(date(2025, 1, 10), "1", "60000.00") == [1]
    assert await pay(date(2025, 2, 10), "2", "39999.99") == [1]
    assert await pay(date(2025, 3, 10), "3", "0.01") == [1, 2]
    assert await pay(date(2025, 4, 10), "4", "100000.00") == [1, 2, 4]
    # the steps of the last twelve months stand; then it begins anew
    assert await pay(date(2026, 4, 9), "5", "60000.00") == [1, 2, 4]
    assert await pay(date(2026, 4, 10), "6", "1.00") == [1, 2, 4, 1]


async def test_nobody_went_and_a_bill_that_never_was(relief: Families) -> None:
    with clock.frozen(datetime(2026, 6, 8, 9, 0, tzinfo=clock.SHANGHAI)):
        family = await relief.enter(ADULT)
        made = await entered(relief, bill(family.people[0], "X", "60000.00", "60000.00"))
    with clock.frozen(datetime(2026, 6, 10, 0, 1, tzinfo=clock.SHANGHAI)):
        await relief.stand.settle()
        (late,) = (await relief.get("/medical/burdens", relief.district))["items"]
        assert late["overdueAt"] is not None
        # medical insurance takes it back: no burden, no task, no points
        await relief.post(f"/medical/bills/{made['id']}/cancel", relief.town)
        assert (await relief.post(f"/medical/bills/{made['id']}/cancel", relief.town, None, 409))["code"]
        (gone,) = (await relief.get("/medical/burdens", relief.district))["items"]
        assert gone["state"] == "WITHDRAWN"
        assert (await relief.get(f"/households/{family.household_id}/level", relief.town))["level"] == "GREEN"
        assert (await relief.get("/warnings", relief.town))["items"][0]["state"] == "CLOSED"
        # the right one calls again
        await entered(relief, bill(family.people[0], "Y", "50000.00", "50000.00"))
        states = [one["state"] for one in (await relief.get("/medical/burdens", relief.district))["items"]]
        assert states == ["WITHDRAWN", "RAISED"]


@pytest.mark.plan("R-06", part="the reimbursed share of self-paid compliant cost by year (X-03)")
async def test_the_share_of_a_year(relief: Families) -> None:
    for number in range(5):
        family = await relief.enter(ADULT)
        await entered(relief, bill(family.people[0], f"A{number}", "120000.00", "15000.00", date(2020, 5, 6)))
    for number in range(4):
        family = await relief.enter(ADULT, since=date(2018, 1, 1))
        await entered(relief, bill(family.people[0], f"B{number}", "120000.00", "15000.00", date(2018, 5, 6)))
    share = await relief.get("/medical/share?year=2020", relief.district)
    assert (share["selfPaidCompliant"], share["assistance"], share["supplementary"]) == (
        "109400.00",
        "60170.00",
        "24615.00",
    )
    assert (share["share"], share["target"], share["isMet"], share["isRising"]) == ("55.00%", "55.00%", True, None)
    before = await relief.get("/medical/share?year=2018", relief.district)
    assert (before["share"], before["withSupplementary"], before["isMet"]) == ("50.00%", "75.00%", True)
    assert (await relief.get("/medical/share?year=2018", relief.town))["persons"] == "<5"
    assert (await relief.get("/medical/share?year=2020", relief.other_town))["share"] is None
