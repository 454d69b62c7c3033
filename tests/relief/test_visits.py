"""Care visits through their doors: planned by level and category, made with or without a line, counted or not."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from services.relief.visits.rules import Point, Submitted, distance, faults
from services.relief.visits.service import Visit
from shared import clock
from shared.db.tables import table_of
from shared.ids import uuid7
from tests.relief.families import DONGGANG, VILLAGE, Families, Family
from tests.relief.test_warnings import night, told

ADULT = date(1975, 6, 1)
HOME = {"latitude": 29.7561, "longitude": 122.1234}
NEAR = {"latitude": 29.7561 + 0.0026, "longitude": 122.1234}  # 290 m
FAR = {"latitude": 29.7561 + 0.0028, "longitude": 122.1234}  # 312 m
NINE = datetime(2026, 6, 8, 9, 0, tzinfo=clock.SHANGHAI)


async def visits(relief: Families, family: Family, query: str = "") -> list[dict[str, Any]]:
    path = f"/visits?householdId={family.household_id}{query}"
    return list((await relief.get(path, relief.village))["items"])


def handed_in(at: datetime, **more: Any) -> dict[str, Any]:
    return {"met": "SELF", "answers": {"LIVING": "尚可"}, "checkIn": {"at": at.isoformat(), "place": NEAR}} | more


@pytest.mark.plan("R-15", part="windows by level and category")
async def test_windows_follow_level_and_category(relief: Families) -> None:
    with clock.frozen(NINE):
        half_year = await relief.enter(ADULT, area=f"{DONGGANG[:9]}001")
        destitute = await relief.enter(ADULT, kind="TEKUN", area=f"{DONGGANG[:9]}001")
        troubled = await relief.enter(ADULT)
        await told(relief, troubled, "DISASTER")
        ended = await relief.enter(ADULT)
        month = clock.today().isoformat()[:7]
        await relief.post(f"/cases/{ended.case_id}/close", relief.district, {"fromMonth": month, "reason": "迁出"})
        await relief.stand.settle()
        await night(relief)
        rows = await relief.stand.rows("select household_id, due_on, state from visit where kind = 'CARE'")
        due = {household: (on, state) for household, on, state in rows}
        assert due[half_year.household_id] == (date(2026, 12, 7), "PLANNED")
        assert due[destitute.household_id] == (date(2026, 6, 22), "PLANNED")
        assert due[troubled.household_id] == (date(2026, 7, 7), "PLANNED")
        assert ended.household_id not in due
        # again in the same night: nothing more
        await night(relief)
        assert len(await relief.stand.rows("select 1 from visit")) == 3
        # worse: within the week
        await told(relief, troubled, "LIFE_DANGER")
        await night(relief)
        (sooner,) = await visits(relief, troubled)
        assert sooner["dueOn"] == "2026-06-14"
    # not visited: missed a day after the end, for a visit of the last day may still come in; and the next begins
    with clock.frozen(NINE + timedelta(days=7)):
        await night(relief)
        assert [one["state"] for one in await visits(relief, troubled)] == ["PLANNED"]
    with clock.frozen(NINE + timedelta(days=8)):
        await night(relief)
        states = [(one["state"], one["windowFrom"]) for one in await visits(relief, troubled)]
        assert states == [("MISSED", "2026-06-08"), ("PLANNED", "2026-06-16")]
    # two missed ones count towards the level
    with clock.frozen(NINE + timedelta(days=16)):
        await night(relief)
    with clock.frozen(NINE + timedelta(days=17)):
        await night(relief)
        level = await relief.get(f"/households/{troubled.household_id}/level", relief.village)
        assert (level["kinds"], level["points"]) == (["DISASTER", "LIFE_DANGER", "MISSED_VISITS"], 55)


@pytest.mark.plan("R-15", part="windows move with the level, and end with the need")
async def test_windows_move_and_end(relief: Families) -> None:
    with clock.frozen(NINE):
        family, leaving = await relief.enter(ADULT), await relief.enter(ADULT)
        for one in (family, leaving):
            await relief.post(f"/households/{one.household_id}/home", relief.village, HOME)
        await night(relief)
        (visit,) = await visits(relief, family)
        await relief.post(f"/visits/{visit['id']}/submit", relief.village, handed_in(NINE))
    with clock.frozen(NINE + timedelta(days=10)):
        # visited for this half year: nothing more to do, until things get worse
        await night(relief)
        assert [one["state"] for one in await visits(relief, family)] == ["COUNTED"]
        danger = await told(relief, family, "NO_SHELTER")
        await night(relief)
        shown = {one["state"]: one["dueOn"] for one in await visits(relief, family)}
        assert shown == {"COUNTED": "2026-12-07", "PLANNED": "2026-06-24"}
        # recorded in error: the planned week stays as it was planned, nothing is planned after it
        await relief.post(f"/facts/{danger['id']}/withdraw", relief.town)
        # a family that draws nothing any more, and is GREEN, is not visited any more
        month = clock.today().isoformat()[:7]
        await relief.post(f"/cases/{leaving.case_id}/close", relief.district, {"fromMonth": month, "reason": "超标"})
        await relief.stand.settle()
        await night(relief)
        assert [one["state"] for one in await visits(relief, leaving)] == ["CANCELLED"]
        over = (await visits(relief, leaving))[0]["id"]
        body = handed_in(NINE + timedelta(days=10))
        assert (await relief.post(f"/visits/{over}/submit", relief.village, body, 409))["code"] == "visit_over"


async def test_islands_are_called_in_the_season_of_storms(relief: Families) -> None:
    island, main = await relief.enter(ADULT), await relief.enter(ADULT, area=f"{DONGGANG[:9]}001")
    for day, calls in ((date(2026, 6, 30), 0), (date(2026, 7, 1), 1), (date(2026, 7, 7), 1), (date(2026, 7, 10), 2)):
        with clock.frozen(clock.start_of_day(day) + timedelta(hours=2)):
            await night(relief)
            assert len(await visits(relief, island, "&kind=PHONE")) == calls, day
    other = "select count(*) from visit where household_id = :id and kind = 'PHONE'"
    assert await relief.stand.scalar(other, id=main.household_id) == 0
    with clock.frozen(clock.start_of_day(date(2026, 7, 10)) + timedelta(hours=9)):
        call = (await visits(relief, island, "&kind=PHONE&state=PLANNED"))[0]
        body = {"met": "SELF", "answers": {"SAFETY": "平安"}, "checkIn": {"at": clock.now().isoformat()}}
        assert (await relief.post(f"/visits/{call['id']}/submit", relief.village, body))["state"] == "COUNTED"


@pytest.mark.plan("R-15", part="check-in, questionnaire, needs; off line too")
async def test_a_visit_counts_or_says_why_not(relief: Families) -> None:
    with clock.frozen(NINE):
        family = await relief.enter(ADULT)
        await night(relief)
        (visit,) = await visits(relief, family)
        path = f"/visits/{visit['id']}"
        body = handed_in(NINE)
        assert (await relief.post(f"{path}/submit", relief.village, body))["faults"] == ["PLACE_UNKNOWN"]
        await relief.post(f"/households/{family.household_id}/home", relief.village, HOME)
        bad = handed_in(NINE, met="NOBODY", answers={"LIVING": ""}, checkIn={"at": NINE.isoformat(), "place": FAR})
        shown = await relief.post(f"{path}/submit", relief.village, bad)
        assert (shown["state"], shown["faults"]) == ("REJECTED_QC", ["NOT_MET", "TOO_FAR", "NO_ANSWER"])
        assert (await relief.post(f"{path}/submit", relief.village, body | {"checkIn": None}, 422))["code"]
        future = {"at": (NINE + timedelta(minutes=1)).isoformat(), "place": NEAR}
        assert (await relief.post(f"{path}/check-in", relief.village, future, 422))["code"] == "checked_in_outside"
        await relief.post(f"{path}/complete", relief.village, {"remark": "示例"}, 409)
    # off line: in at nine, the line comes back a day later
    with clock.frozen(NINE + timedelta(hours=24, seconds=1)):
        assert (await relief.post(f"{path}/submit", relief.village, body))["faults"] == ["SUBMITTED_LATE"]
    with clock.frozen(NINE + timedelta(hours=24)):
        done = await relief.post(f"{path}/submit", relief.village, body | {"needs": ["MEDICAL", "FOOD"]})
        assert (done["state"], done["needs"], done["faults"]) == ("COUNTED", ["FOOD", "MEDICAL"], [])
        assert 280 < done["distanceM"] <= 300
        assert (await relief.post(f"{path}/submit", relief.village, body, 409))["code"] == "visit_done"
        shown = await relief.get(f"{path}?reason=核对情况", relief.town)
        assert (shown["answers"], shown["place"]) == ({"LIVING": "尚可"}, "29.75870, 122.12340")
        await relief.get(f"{path}?reason=核对情况", relief.village, 403)
    (completed,) = await relief.stand.told("relief.visit.completed.v1")
    assert (completed["visitId"], completed["needs"]) == (visit["id"], ["FOOD", "MEDICAL"])
    hidden = "select position(convert_to('尚可', 'utf8') in answers) from visit where id = :id"
    assert await relief.stand.scalar(hidden, id=visit["id"]) == 0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"distance_m": 301}, ["TOO_FAR"]),
        ({"distance_m": 301, "remote_reason": "封航"}, []),
        ({"distance_m": None}, ["PLACE_UNKNOWN"]),
        ({"distance_m": None, "by_phone": True}, []),
        ({"met": "FAMILY"}, []),
        ({"met": "NOBODY"}, ["NOT_MET"]),
        ({"answered": 0}, ["NO_ANSWER"]),
        ({"submitted_at": NINE + timedelta(hours=24, microseconds=1)}, ["SUBMITTED_LATE"]),
    ],
)
def test_faults(change: dict[str, Any], found: list[str]) -> None:
    given = {"checked_in_at": NINE, "submitted_at": NINE + timedelta(hours=24), "distance_m": 300}
    visit = Submitted(**{**given, "remote_reason": "", "met": "SELF", "answered": 1, **change})
    assert faults(visit, max_distance_m=300, within=timedelta(hours=24)) == found


def test_distance() -> None:
    assert distance(Point(30, 122), Point(30, 122)) == 0
    assert abs(distance(Point(30, 122), Point(31, 122)) - 111_195) < 2
    assert abs(distance(Point(60, 10), Point(60, 11)) - 55_597) < 60


@pytest.mark.plan("R-15", part="helper pairs")
async def test_each_family_has_a_helper_and_a_helper_ten_families(relief: Families) -> None:
    families = [await relief.enter(ADULT) for _ in range(11)]
    await night(relief)
    assert len((await relief.get("/unpaired-families", relief.village))["items"]) == 11

    async def pair(family: Family, helper: str, expect: int = 201) -> dict[str, Any]:
        body = {"householdId": family.household_id, "helperId": helper, "helperName": "李示海"}
        return dict(await relief.post("/helper-pairs", relief.village, body, expect))

    made = [await pair(family, "h1") for family in families[:10]]
    assert made[0]["helperName"] == "李*海"
    assert (await pair(families[10], "h1", 409))["code"] == "helper_has_many"
    await pair(families[0], "h2")
    assert (await pair(families[0], "h2", 409))["code"] == "pair_known"
    (left,) = (await relief.get("/unpaired-families", relief.village))["items"]
    assert left["id"] == families[10].household_id
    (mine,) = await visits(relief, families[3], "&helperId=h1")
    assert mine["state"] == "ASSIGNED"
    await relief.post(f"/helper-pairs/{made[3]['id']}/end", relief.village)
    assert (await relief.post(f"/helper-pairs/{made[3]['id']}/end", relief.village, None, 409))["code"] == "pair_ended"
    await pair(families[10], "h1")


@pytest.mark.plan("R-15", part="the three lists: whom to help, with what, who helps whom")
async def test_the_three_lists(relief: Families) -> None:
    with clock.frozen(NINE):
        poor, troubled = await relief.enter(ADULT), await relief.enter(ADULT, kind="TEKUN")
        await told(relief, troubled, "DISASTER")
        await night(relief)
        body = {"householdId": troubled.household_id, "helperId": "h1", "helperName": "李示海"}
        await relief.post("/helper-pairs", relief.village, body, 201)
        await relief.post(f"/households/{troubled.household_id}/home", relief.village, HOME)
        (visit,) = await visits(relief, troubled)
        await relief.post(f"/visits/{visit['id']}/submit", relief.village, handed_in(NINE, needs=["FOOD"]))
    with clock.frozen(NINE + timedelta(days=15)):
        await night(relief)
        shown = {one["householdId"]: one for one in (await relief.get("/help-objects", relief.town))["items"]}
        assert shown.keys() == {poor.household_id, troubled.household_id}
        one = shown[troubled.household_id]
        assert (one["level"], one["category"], one["helpers"], one["needs"]) == ("ORANGE", "TEKUN", ["h1"], ["FOOD"])
        assert (one["visitDueOn"], shown[poor.household_id]["visitDueOn"]) == ("2026-07-07", "2026-12-07")
        assert (await relief.get("/help-objects", relief.other_town))["items"] == []
        offer = {
            "areaCode": VILLAGE,
            "need": "FOOD",
            "title": "爱心餐",
            "provider": "示例食堂",
            "fromDate": "2026-06-01",
        }
        assert (await relief.post("/help-projects", relief.other_town, offer, 403))["code"] == "area_outside"
        early = offer | {"toDate": "2026-05-31"}
        assert (await relief.post("/help-projects", relief.town, early, 422))["code"] == "project_term"
        made = await relief.post("/help-projects", relief.town, offer, 201)
        (listed,) = (await relief.get("/help-projects?need=FOOD", relief.village))["items"]
        assert listed == made
        assert (await relief.get("/help-projects?need=WORK", relief.village))["items"] == []
        assert (await relief.post(f"/help-projects/{made['id']}/end", relief.town))["toDate"] == "2026-06-23"
        await relief.post(f"/help-projects/{made['id']}/end", relief.town, None, 409)


@pytest.mark.plan("R-15", part="K-02 and X-04: the care-visit rate")
async def test_the_rate_counts_families_whose_every_window_was_kept(relief: Families) -> None:

    async def window(family: Family, due: date, done: date | None) -> None:
        state, at = ("COUNTED", clock.start_of_day(done)) if done else ("MISSED", None)
        await _visit(relief, family, due, state, at)

    on = date(2026, 6, 30)
    kept, half, old, none, ended, late = [await relief.enter(ADULT) for _ in range(6)]
    await window(kept, date(2026, 1, 31), date(2026, 1, 5))
    await window(kept, on, on)
    await window(half, date(2025, 7, 1), None)  # the first day of the twelve months
    await window(half, date(2026, 5, 31), date(2026, 5, 3))
    await window(old, date(2025, 6, 30), None)  # before them
    await window(old, date(2026, 3, 31), date(2026, 3, 3))
    await window(none, date(2026, 7, 1), None)  # not yet due
    await window(ended, date(2026, 3, 31), None)
    await window(late, on, on + timedelta(days=1))
    with clock.frozen(clock.start_of_day(date(2026, 6, 15))):
        await relief.post(f"/cases/{ended.case_id}/close", relief.district, {"fromMonth": "2026-06", "reason": "超标"})
    rate = await relief.get(f"/visit-rate?on={on}", relief.district)
    assert (rate["families"], rate["visited"], rate["rate"]) == (4, 2, "50.00")
    assert (await relief.get(f"/visit-rate?on={on}", relief.other_town))["rate"] is None
    # in May the benefit that ended was still there, and its window was not kept
    rate = await relief.get("/visit-rate?on=2026-05-31", relief.district)
    assert (rate["families"], rate["visited"]) == (4, 1)


async def _visit(relief: Families, family: Family, due: date, state: str, at: datetime | None) -> None:
    row = {
        "id": uuid7(), "household_id": family.household_id, "area_code": VILLAGE, "kind": "CARE",
        "cause": f"CARE/{due}", "person_id": "", "state": state, "planned_at": clock.now(), "window_from": due,
        "due_on": due, "helper_id": "", "met": "", "remote_reason": "", "answered": 0, "needs": [], "faults": [],
        "done_at": at, "done_by": "", "remark": "", "version": 1,
    }  # fmt: skip
    async with relief.stand.unit() as unit:
        await unit.execute(insert(table_of(Visit)), row)
