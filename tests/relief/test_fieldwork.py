"""Third parties go to houses; the town looks again at a tenth of what they say (R-07)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.relief.fieldwork.rules import Form, differences, is_warned
from shared import clock
from shared.db.principals import Role
from shared.payments.months import month_of, plus
from tests.relief.families import DISTRICT, LIUHENG, Families

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256))
MONDAY = date(2026, 3, 2)
FORM = {"heads": 1, "monthlyIncome": "500.00", "homes": 1, "finding": "一人居住"}


@pytest.fixture(autouse=True)
def _on_a_monday() -> Iterator[None]:
    clock.set_to(clock.start_of_day(MONDAY) + timedelta(hours=9))
    yield
    clock.reset()


@pytest.mark.parametrize(
    ("second", "found"),
    [
        (Form(3, 100_00, 1, 0), []),
        (Form(2, 100_00, 1, 0), ["HEADS"]),
        (Form(3, 100_00, 2, 1), ["HOMES", "VEHICLES"]),
        (Form(3, 111_11, 1, 0), []),
        (Form(3, 111_12, 1, 0), ["INCOME"]),
        (Form(3, 90_90, 1, 0), ["INCOME"]),
        (Form(3, 90_91, 1, 0), []),
    ],
)
def test_where_two_looks_differ(second: Form, found: list[str]) -> None:
    assert differences(Form(3, 100_00, 1, 0), second, Decimal("0.10")) == found


@pytest.mark.parametrize(
    ("mismatches", "drawn", "warned"), [(0, 0, False), (0, 20, False), (1, 20, False), (1, 19, True), (2, 20, True)]
)
def test_more_than_five_in_a_hundred_is_a_warning(mismatches: int, drawn: int, warned: bool) -> None:
    assert is_warned(mismatches, drawn, Decimal("0.05")) == warned


def test_last_month() -> None:
    assert plus(month_of(date(2026, 1, 31)), -1) == date(2025, 12, 1)
    assert plus(month_of(date(2026, 3, 1)), -1) == date(2026, 2, 1)


def third(relief: Families, org: str = "org-third") -> dict[str, str]:
    return relief.stand.headers(Role.THIRD_PARTY_SURVEYOR, LIUHENG, org=org, account=f"s-{org}")


def colleague(relief: Families) -> dict[str, str]:
    return relief.stand.headers(Role.TOWN_CLERK, LIUHENG, account="town-b")


async def contract(relief: Families, **more: Any) -> str:
    body = {"areaCode": DISTRICT, "orgId": "org-third", "orgName": "示例社工中心", "contractNo": "2026-3"}
    body |= {"fromOn": "2026-01-01", "toOn": "2026-12-31"} | more
    return str((await relief.post("/survey-contracts", relief.district, body, 201))["id"])


async def assigned(relief: Families, contract_id: str) -> str:
    family = await relief.enter()
    body = {"contractId": contract_id, "householdId": family.household_id}
    return str((await relief.post("/field-visits", relief.town, body, 201))["id"])


async def photo(relief: Families, visit: str, who: Mapping[str, str], content: bytes = PHOTO) -> httpx.Response:
    headers = {**who, "content-type": "application/octet-stream", "x-file-name": quote("门前.jpg")}
    path = f"/api/relief/field-visits/{visit}/photos"
    return await relief.stand.client.post(path, headers=headers, content=content)


def report(**more: Any) -> dict[str, Any]:
    body = {"visitedOn": clock.today().isoformat(), "surveyors": ["王示一", "李示二"], "isSigned": True}
    return FORM | body | {"latitude": 29.73, "longitude": 122.11} | more


async def visited(relief: Families, contract_id: str) -> str:
    visit = await assigned(relief, contract_id)
    assert (await photo(relief, visit, third(relief))).status_code == 201
    await relief.post(f"/field-visits/{visit}/submit", third(relief), report())
    return visit


@pytest.mark.plan("R-07", part="third-party visits: two surveyors, signature, photo with place")
async def test_what_a_third_partys_visit_needs(relief: Families) -> None:
    visit = await assigned(relief, await contract(relief))
    path, who = f"/field-visits/{visit}/submit", third(relief)
    assert (await relief.post(path, who, report(), 409))["code"] == "photo_missing"
    assert (await photo(relief, visit, who, b"%PDF-1.7\n%")).json()["code"] == "photo_refused"
    assert (await relief.post(path, who, report(), 409))["code"] == "photo_missing"
    assert (await photo(relief, visit, who)).status_code == 201
    assert (await relief.post(path, who, report(surveyors=["王示一", "王示一"]), 422))["code"] == "too_few_surveyors"
    assert (await relief.post(path, who, report(isSigned=False), 422))["code"] == "not_signed"
    assert (await relief.post(path, who, report(visitedOn="2026-03-01"), 422))["code"] == "date_outside"
    assert (await relief.post(path, who, report(latitude=None), 422))["code"] == "invalid_request"
    done = await relief.post(path, who, report())
    assert (done["state"], done["surveyors"], done["monthlyIncome"]) == ("SUBMITTED", ["王*一", "李*二"], "500.00")
    assert (await relief.post(path, who, report(), 409))["code"] == "field_visit_state"
    assert (await photo(relief, visit, who)).json()["code"] == "field_visit_state"
    (file,) = (await relief.get(f"/field-visits/{visit}/photos", relief.town))["items"]
    given = await relief.stand.client.get(
        f"/api/relief/field-visits/{visit}/photos/{file['fileId']}", headers=relief.town
    )
    assert given.content == PHOTO
    whole = str(await relief.stand.rows("select * from field_visit"))
    assert "王示一" not in whole
    assert "29.73" not in whole


async def test_a_third_party_sees_and_does_its_own_alone(relief: Families) -> None:
    visit = await assigned(relief, await contract(relief))
    other = third(relief, "org-other")
    assert (await relief.get("/field-visits", other))["items"] == []
    assert [one["id"] for one in (await relief.get("/field-visits", third(relief)))["items"]] == [visit]
    await relief.get(f"/field-visits/{visit}", other, 404)
    await relief.post(f"/field-visits/{visit}/submit", other, report(), 404)
    assert (await photo(relief, visit, other)).status_code == 404
    for path in ("/households", "/applications", "/verifications", "/survey-contracts", "/field-resamples"):
        await relief.get(path, third(relief), 403)
    await relief.get(f"/field-visits/{visit}", relief.other_town, 404)


async def test_nobody_is_sent_without_a_contract_that_holds(relief: Families) -> None:
    family = await relief.enter()

    async def refused(contract_id: str, status: int = 409) -> None:
        body = {"contractId": contract_id, "householdId": family.household_id}
        assert (await relief.post("/field-visits", relief.town, body, status))["code"] == "contract_over"

    await refused(await contract(relief, toOn="2026-03-01"))
    await refused(await contract(relief, areaCode="330903003000"))
    ended = await contract(relief)
    await relief.post(f"/survey-contracts/{ended}/end", relief.district)
    await refused(ended)
    assert (await relief.post(f"/survey-contracts/{ended}/end", relief.district, expect=409))["code"] == (
        "contract_ended"
    )
    body = {"areaCode": DISTRICT, "orgId": "o", "orgName": "示", "contractNo": "1", "fromOn": "2026-02-01"}
    found = await relief.post("/survey-contracts", relief.district, body | {"toOn": "2026-01-01"}, 422)
    assert found["code"] == "contract_period"


@pytest.mark.plan("R-07", part="household-survey coverage (X-04)")
async def test_how_many_houses_were_seen(relief: Families) -> None:
    contract_id = await contract(relief)
    for _ in range(2):
        await visited(relief, contract_id)
    await assigned(relief, contract_id)  # sent, and not yet been there
    await relief.enter(area="330903003001")
    found = await relief.get("/survey-coverage", relief.district)
    assert (found["running"], found["surveyed"], found["share"]) == (4, 2, "50.00")
    assert [(one["areaCode"], one["surveyed"], one["running"]) for one in found["areas"]] == [
        ("330903003000", 0, 1), (LIUHENG, 2, 3),
    ]  # fmt: skip
    leader = relief.stand.headers(Role.TOWN_LEADER, LIUHENG, account="leader")
    assert (await relief.get("/survey-coverage", leader))["share"] == "66.66"
    clock.shift(timedelta(days=366))
    assert (await relief.get("/survey-coverage", relief.district))["surveyed"] == 0


@pytest.mark.plan("R-07", part="the town re-samples a tenth; over 5 % mismatch warns the contract")
async def test_a_tenth_is_looked_at_again_and_differences_warn(relief: Families) -> None:
    await relief.stand.settle()  # the schedules have begun
    contract_id = await contract(relief)
    made = {await visited(relief, contract_id) for _ in range(11)}
    await assigned(relief, contract_id)  # not handed in: not drawn from
    clock.set_to(clock.start_of_day(date(2026, 4, 1)) + timedelta(hours=9))
    await relief.stand.settle()
    drawn = (await relief.get("/field-resamples?isOpen=true", relief.town))["items"]
    assert len(drawn) == 2  # ceil(11 × 10 %)
    assert {one["id"] for one in drawn} <= made
    assert {one["dueOn"] for one in drawn} == {"2026-04-23"}
    assert (await relief.get("/field-resamples", relief.other_town))["items"] == []
    first, second = (f"/field-resamples/{one['id']}/look" for one in drawn)
    assert (await relief.post(first, relief.town, FORM, 403))["code"] == "same_surveyor"
    same = await relief.post(first, colleague(relief), FORM | {"monthlyIncome": "520.00"})
    assert same["differences"] == []
    assert (await relief.get("/survey-contracts?warned=true", relief.district))["items"] == []
    other = await relief.post(second, colleague(relief), FORM | {"vehicles": 1, "hasTakenPlace": False})
    assert other["differences"] == ["VISIT", "VEHICLES"]
    assert (await relief.post(second, colleague(relief), FORM, 409))["code"] == "resample_done"
    (warned,) = (await relief.get("/survey-contracts?warned=true", relief.district))["items"]
    assert (warned["id"], warned["warnedFor"], warned["warning"]) == (
        contract_id, "2026-01-01", "2026年第1季度复查2件，不一致1件",
    )  # fmt: skip
    # A day later nothing is drawn twice.
    clock.shift(timedelta(days=1))
    await relief.stand.settle()
    assert len((await relief.get("/field-resamples", relief.town))["items"]) == 2
