"""Four-colour warnings through their doors: facts come in, a colour comes out, somebody goes there, it is closed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from services.relief.households.service import Household
from services.relief.warnings import nightly, service
from services.relief.warnings.evaluating import evaluate
from services.relief.warnings.service import FamilyFact, NewFact
from shared import clock
from shared.db.tables import table_of
from tests.relief.families import Families, Family

ADULT = date(1985, 6, 1)


def fact(kind: str, since: date | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "since": (since or clock.today()).isoformat(), "source": "示例村", **more}


async def told(relief: Families, family: Family, kind: str, since: date | None = None, **more: Any) -> dict[str, Any]:
    """A fact recorded by the village."""
    path = f"/households/{family.household_id}/facts"
    return dict(await relief.post(path, relief.village, fact(kind, since, **more), 201))


async def standing(relief: Families, family: Family) -> tuple[str, int]:
    level = await relief.get(f"/households/{family.household_id}/level", relief.village)
    return level["level"], level["points"]


async def warnings(relief: Families, who: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    return list((await relief.get(f"/warnings{query}", who))["items"])


@pytest.mark.plan("R-22")
async def test_from_a_call_for_food_to_a_closed_warning(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT)
    hunger = await told(relief, family, "NO_FOOD", detail="家中断粮两天")
    assert await standing(relief, family) == ("RED", 0)
    (warning,) = await warnings(relief, relief.town, "?level=RED")
    assert (warning["state"], warning["holder"], warning["kinds"]) == ("DISPATCHED", "TOWN_CLERK", ["NO_FOOD"])
    limit = clock.now() + timedelta(hours=24)
    assert abs(datetime.fromisoformat(warning["actDueAt"]) - limit) < timedelta(minutes=1)
    assert await warnings(relief, relief.other_town) == []
    await relief.get(f"/warnings/{warning['id']}", relief.other_town, 404)
    path = f"/warnings/{warning['id']}"
    why = await relief.get(f"{path}/why?reason=核对情况", relief.town)
    assert [one["sentence"] for one in why["reasons"]] == [
        f"断粮，自{clock.today().isoformat()}起，直接列为红色",
        "合计0分，且有危及生命或断粮、无处居住的情形，为红色",
    ]
    # on the spot, with urgent relief offered; then what came of it
    assert (await relief.post(f"{path}/dispose", relief.town, disposal(), 409))["code"] == "warning_in_wrong_state"
    assert (await relief.post(f"{path}/visit", relief.village, {}, 422))["code"] == "offer_urgent_relief"
    visited = await relief.post(f"{path}/visit", relief.village, {"hasOfferedRelief": True})
    assert (visited["state"], visited["hasOfferedRelief"]) == ("VISITED", True)
    bad = disposal("REFERRED")
    assert (await relief.post(f"{path}/dispose", relief.town, bad, 422))["code"] == "referred_where"
    disposed = await relief.post(f"{path}/dispose", relief.town, disposal())
    assert (disposed["state"], disposed["disposal"]) == ("DISPOSED", "RELIEF_APPLIED")
    # the family has food again; RED is left after two clear evaluations fourteen days apart
    await relief.post(f"/facts/{hunger['id']}/end", relief.village, {"until": clock.today().isoformat()})
    for days, level, state in ((1, "RED", "DISPOSED"), (14, "RED", "DISPOSED"), (15, "GREEN", "CLOSED")):
        with clock.frozen(clock.now() + timedelta(days=days)):
            await night(relief)
            assert (await standing(relief, family))[0] == level, days
            assert (await relief.get(path, relief.town))["state"] == state, days
    steps = (await relief.get(f"{path}/changes", relief.town))["items"]
    assert [(one["fromState"], one["toState"], one["toLevel"]) for one in steps] == [
        ("RAISED", "DISPATCHED", "RED"),
        ("DISPATCHED", "VISITED", "RED"),
        ("VISITED", "DISPOSED", "RED"),
        ("DISPOSED", "CLOSED", "GREEN"),
    ]
    (raised,) = await relief.stand.told("relief.warning.raised.v1")
    assert (raised["level"], raised["facts"], raised["householdId"]) == ("RED", ["NO_FOOD"], family.household_id)
    (closed,) = await relief.stand.told("relief.warning.closed.v1")
    assert (closed["warnId"], closed["disposal"]) == (warning["id"], "RELIEF_APPLIED")


def disposal(code: str = "RELIEF_APPLIED", department: str = "") -> dict[str, str]:
    return {"disposal": code, "department": department, "remark": "示例"}


async def night(relief: Families) -> None:
    """The night's run, begun by hand and worked off."""
    await relief.post("/warning-runs", relief.district, expect=202)
    await relief.stand.settle()


@pytest.mark.plan("R-22", part="the level follows deaths, ended benefits and corrections at once")
async def test_the_level_follows_what_happens(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT)
    earner = family.people[1]
    await told(relief, family, "MAIN_EARNER", date(2020, 1, 1), personId=earner)
    assert await standing(relief, family) == ("GREEN", 0)
    # the earner dies: 40 points; it was a mistake: as if it had never been
    await relief.stand.hear(relief.confirmed(earner, clock.today()))
    assert await standing(relief, family) == ("ORANGE", 40)
    (warning,) = await warnings(relief, relief.town, "?state=DISPATCHED")
    await relief.stand.hear(relief.revoked(earner))
    assert await standing(relief, family) == ("GREEN", 0)
    closed = await relief.get(f"/warnings/{warning['id']}", relief.town)
    assert (closed["state"], closed["disposal"]) == ("CLOSED", "")
    # the benefit ends: 15 points from the month without it, beside a fire: 55
    await told(relief, family, "DISASTER")
    assert await standing(relief, family) == ("ORANGE", 40)
    month = clock.today().replace(day=1).isoformat()[:7]
    await relief.post(f"/cases/{family.case_id}/close", relief.district, {"fromMonth": month, "reason": "超标"})
    await relief.stand.settle()
    assert await standing(relief, family) == ("ORANGE", 55)


async def test_new_facts_call_again_and_never_put_a_limit_off(relief: Families) -> None:
    family = await relief.enter(ADULT)
    await told(relief, family, "DISASTER")
    (first,) = await warnings(relief, relief.town)
    assert (first["level"], first["round"]) == ("ORANGE", 1)
    with clock.frozen(clock.now() + timedelta(hours=2)):
        await told(relief, family, "UNPAID_FEES", personId=family.people[0])
        (second,) = await warnings(relief, relief.town)
        assert (second["id"], second["round"], second["points"]) == (first["id"], 2, 50)
        assert second["actDueAt"] == first["actDueAt"]
        # RED: its hours end before the working days of ORANGE did
        await told(relief, family, "LIFE_DANGER")
        (third,) = await warnings(relief, relief.town)
        assert (third["level"], third["round"]) == ("RED", 3)
        assert datetime.fromisoformat(third["actDueAt"]) <= clock.now() + timedelta(hours=24)
        # visited and disposed of; a call about hunger sends somebody there again
        path = f"/warnings/{third['id']}"
        await relief.post(f"{path}/visit", relief.village, {"hasOfferedRelief": False})
        await relief.post(f"{path}/dispose", relief.town, disposal("REFERRED", "教育"))
        await told(relief, family, "HARDSHIP_CALL")
        again = await relief.get(path, relief.town)
        assert (again["state"], again["round"], again["disposal"]) == ("DISPATCHED", 4, "")
    raised = await relief.stand.told("relief.warning.raised.v1")
    assert [(one["round"], one["level"]) for one in raised] == [(1, "ORANGE"), (2, "ORANGE"), (3, "RED"), (4, "RED")]


@pytest.mark.plan("R-22", part="what is not dealt with in time goes to the town's leader, then to the district")
async def test_overdue_goes_up(relief: Families) -> None:
    start = datetime(2026, 6, 8, 9, 0, tzinfo=clock.SHANGHAI)  # a Monday
    with clock.frozen(start):
        family = await relief.enter(ADULT)
        await told(relief, family, "DISASTER")
    path = f"/warnings/{(await warnings(relief, relief.town))[0]['id']}"

    async def at(day: int) -> tuple[str, str, bool]:
        with clock.frozen(datetime(2026, 6, day, 3, 0, tzinfo=clock.SHANGHAI)):
            await relief.stand.settle()
            found = await relief.get(path, relief.town)
            return found["state"], found["holder"], found["remindedAt"] is not None

    # three working days end with Thursday the 11th; two more from Friday on with Tuesday the 16th
    assert await at(9) == ("DISPATCHED", "TOWN_CLERK", False)
    assert await at(11) == ("DISPATCHED", "TOWN_CLERK", True)
    assert await at(12) == ("ESCALATED", "TOWN_LEADER", True)
    assert await at(16) == ("ESCALATED", "TOWN_LEADER", True)
    assert await at(17) == ("ESCALATED", "DISTRICT_OFFICER", True)
    with clock.frozen(datetime(2026, 6, 17, 10, 0, tzinfo=clock.SHANGHAI)):
        assert [one["id"] for one in await warnings(relief, relief.district, "?holder=DISTRICT_OFFICER")]
        assert (await relief.post(f"{path}/visit", relief.village, {}))["state"] == "VISITED"
    steps = (await relief.get(f"{path}/changes", relief.town))["items"]
    assert [(one["toState"], one["holder"]) for one in steps[1:3]] == [
        ("ESCALATED", "TOWN_LEADER"),
        ("ESCALATED", "DISTRICT_OFFICER"),
    ]


async def test_visited_in_time_but_not_disposed_of(relief: Families) -> None:
    with clock.frozen(datetime(2026, 6, 8, 9, 0, tzinfo=clock.SHANGHAI)):
        family = await relief.enter(ADULT)
        await told(relief, family, "DISASTER")
        path = f"/warnings/{(await warnings(relief, relief.town))[0]['id']}"
        await relief.post(f"{path}/visit", relief.village, {})
    for day, holder in ((20, "TOWN_CLERK"), (24, "TOWN_LEADER"), (27, "DISTRICT_OFFICER")):
        with clock.frozen(datetime(2026, 6, day, 3, 0, tzinfo=clock.SHANGHAI)):
            await relief.stand.settle()
            found = await relief.get(path, relief.town)
            assert (found["state"], found["holder"]) == ("VISITED", holder), day


@pytest.mark.plan("R-22", part="every warning explains itself, health only to who says why")
async def test_a_warning_explains_itself(relief: Families) -> None:
    family = await relief.enter(ADULT, ADULT)
    who = family.people[0]
    await told(relief, family, "NEW_DISABILITY", personId=who, detail="二级肢体残疾", sourceRef="残联-1")
    again = fact("NEW_DISABILITY", personId=who, sourceRef="残联-1")
    path = f"/households/{family.household_id}/facts"
    assert (await relief.post(path, relief.village, again, 409))["code"] == "fact_known"
    (warning,) = await warnings(relief, relief.town)
    assert (warning["level"], warning["points"], warning["kinds"]) == ("YELLOW", 25, ["HEALTH"])
    (shown,) = (await relief.get(path, relief.village))["items"]
    assert (shown["kind"], shown["detail"]) == ("HEALTH", "****")
    why = f"/warnings/{warning['id']}/why"
    assert (await relief.get(why, relief.town, 422))["code"] == "reason_required"
    await relief.get(f"{why}?reason=核对情况", relief.village, 403)
    told_why = await relief.get(f"{why}?reason=核对情况", relief.town)
    assert (told_why["level"], told_why["ruleVersion"]) == ("YELLOW", 1)
    first, last = told_why["reasons"]
    assert first["sentence"] == f"新增一二级残疾，自{clock.today().isoformat()}起，计25分"
    assert (last["sentence"], last["source"]) == ("合计25分，为黄色", "规划三(一)4")
    assert [one["parameter"] for one in first["parameters"]] == ["warnings.points", "warnings.levels"]
    fact_id = shown["id"]
    assert (await relief.get(f"/facts/{fact_id}?reason=核对情况", relief.town))["detail"] == "二级肢体残疾"
    assert (
        await relief.stand.rows("select 1 from family_fact where position(convert_to('残疾', 'utf8') in detail) > 0")
        == []
    )
    (raised,) = await relief.stand.told("relief.warning.raised.v1")
    assert raised["facts"] == ["HEALTH"]
    # recorded in error: gone at once, and the warning with it
    await relief.post(f"/facts/{fact_id}/withdraw", relief.town)
    assert (await relief.get(f"/warnings/{warning['id']}", relief.town))["state"] == "CLOSED"
    assert (await relief.post(f"/facts/{fact_id}/end", relief.town, {"until": "2026-01-01"}, 409))["code"]


async def test_a_night_goes_on_where_it_stopped_and_adds_nothing_twice(relief: Families) -> None:
    families = [await relief.enter(ADULT) for _ in range(7)]
    async with relief.stand.unit() as unit:
        facts = [NewFact("DISASTER", clock.today(), "示例村") for _ in families]
        rows = [
            service.fact_row(unit, await unit.get(Household, family.household_id), new)
            for family, new in zip(families, facts, strict=True)
        ]
        await unit.execute(insert(table_of(FamilyFact)), rows)
    async with relief.stand.unit() as unit:
        run = await nightly.start(unit, clock.today())
        await nightly.go_on(unit, run.id, size=3)
    assert await relief.stand.scalar("select count(*) from warning") == 3
    # the process was ended here; the next one finds the timer
    await relief.stand.settle()
    count = "select count(*) from {}"
    tables = ("family_level", "warning", "warning_change", "kernel.outbox")
    once = [await relief.stand.scalar(count.format(table)) for table in tables]
    assert once[:3] == [7, 7, 7]
    await night(relief)
    assert [await relief.stand.scalar(count.format(table)) for table in tables] == once
    runs = (await relief.get("/warning-runs", relief.district))["items"]
    assert [(one["families"], one["changes"], one["calls"]) for one in runs] == [(7, 0, 0), (7, 7, 7)]


async def test_facts_are_refused_with_their_reason(relief: Families) -> None:
    family = await relief.enter(ADULT)
    path, tomorrow = f"/households/{family.household_id}/facts", clock.today() + timedelta(days=1)
    for body, code in (
        (fact("DISASTER", tomorrow), "date_in_future"),
        (fact("DISASTER", personId=family.people[0]), "fact_of_family"),
        (fact("JOBLESS"), "fact_of_member"),
        (fact("JOBLESS", personId="p1" + "x" * 26), "fact_of_member"),
        (fact("DISASTER", until="2020-01-01"), "fact_ends_early"),
    ):
        assert (await relief.post(path, relief.village, body, 422))["code"] == code
    await relief.post(path, relief.other_town, fact("DISASTER"), 404)
    await relief.get(path, relief.other_town, 404)


async def test_facts_come_in_while_the_night_goes_through_the_families(relief: Families) -> None:
    """Ranges and single families keep out of each other's way: no level is overwritten, nobody is warned of twice."""
    families = [await relief.enter(ADULT) for _ in range(16)]

    async def nights() -> None:
        for _ in range(4):
            async with relief.stand.unit() as unit:
                run = await nightly.start(unit, clock.today())
            while run.ended_at is None:
                async with relief.stand.unit() as unit:
                    run = await nightly.go_on(unit, run.id, size=5)

    await asyncio.gather(
        nights(), *(told(relief, family, kind) for family in families for kind in ("DISASTER", "HARDSHIP_CALL"))
    )
    assert await relief.stand.rows("select level, points, count(*) from family_level group by 1, 2") == [
        ("RED", 80, 16)
    ]
    assert await relief.stand.rows("select level, state, count(*) from warning group by 1, 2") == [
        ("RED", "DISPATCHED", 16)
    ]
    assert len(await relief.stand.told("relief.warning.raised.v1")) == 32
    await night(relief)
    assert len(await relief.stand.told("relief.warning.raised.v1")) == 32


async def test_a_range_that_fails_is_tried_again_and_leads_on(
    relief: Families, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = [await relief.enter(ADULT) for _ in range(5)]
    for family in families:
        await told(relief, family, "DISASTER")
    await relief.stand.rows("delete from family_level returning 1")
    right: Callable[..., Awaitable[object]] = evaluate
    calls: list[object] = []

    async def breaks_once(*given: Any, **more: Any) -> Any:
        calls.append(given)
        if len(calls) in (2, 3):  # in its batch, and by itself
            raise RuntimeError("the database went away")
        return await right(*given, **more)

    monkeypatch.setattr(nightly, "evaluate", breaks_once)
    monkeypatch.setattr(nightly.go_on, "__kwdefaults__", {"size": 2})
    await relief.post("/warning-runs", relief.district, expect=202)
    with pytest.raises(AssertionError, match="the database went away"):
        await relief.stand.settle()
    assert await relief.stand.scalar("select count(*) from family_level") == 2
    with clock.frozen(clock.now() + timedelta(seconds=3)):
        await relief.stand.settle()
    assert await relief.stand.rows("select level, count(*) from family_level group by 1") == [("ORANGE", 5)]
    (run,) = (await relief.get("/warning-runs", relief.district))["items"]
    assert (run["families"], run["ranges"], run["endedAt"] is not None) == (5, 3, True)
