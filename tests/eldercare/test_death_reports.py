"""A report is written down, passed on, and stops nothing."""

from datetime import date, timedelta

import pytest

from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Kin
from shared import clock
from shared.contracts.eldercare import ElderDeathReported
from shared.db.principals import Role
from tests.eldercare.world import HOME, VILLAGE, World, person_id

REPORT = {"deathDate": "2026-03-01", "place": "家中"}


async def test_a_report_is_passed_on_and_stops_nothing(world: World) -> None:
    await world.post("/beds/bed-a1/stays", world.home, {"personId": world["ann"]}, 201)
    before = await world.stand.rows("select person_id, to_jsonb(e) from elder e order by 1")
    bed = await world.get("/beds/bed-a1", world.home)
    path = f"/elders/{world['ann']}/death-report"
    village = await world.post(path, world.village, REPORT | {"note": "邻居发现"}, 202)
    home = await world.post(path, world.home, REPORT, 202)
    town = await world.post(path, world.town, REPORT, 202)
    assert len({report["reportId"] for report in (village, home, town)}) == 3
    events = await world.sent(ElderDeathReported)
    assert [(event.source, event.unit_id) for event in events] == [
        ("VILLAGE", VILLAGE),
        ("INSTITUTION", HOME),
        ("TOWN", "330903100000"),
    ]
    assert [event.report_id for event in events] == [report["reportId"] for report in (village, home, town)]
    assert {event.death_date for event in events} == {date(2026, 3, 1)}
    assert await world.stand.rows("select person_id, to_jsonb(e) from elder e order by 1") == before
    assert await world.get("/beds/bed-a1", world.home) == bed
    assert await world.stand.scalar("select count(*) from kernel.effect") == 0
    reports = await world.get("/death-reports", world.town)
    assert [report["source"] for report in reports["items"]] == ["VILLAGE", "INSTITUTION", "TOWN"]
    assert (await world.get("/death-reports", world.other_town))["items"] == []


async def test_saying_it_twice_is_one_report(world: World) -> None:
    path = f"/elders/{world['ann']}/death-report"
    first = await world.post(path, world.village, REPORT, 202)
    assert await world.post(path, world.village, REPORT, 202) == first
    assert len(await world.sent(ElderDeathReported)) == 1


async def test_who_may_report_whom(world: World) -> None:
    path = f"/elders/{world['ann']}/death-report"
    await world.post(path, world.home, REPORT, 404)  # not her resident
    await world.post(path, world.other_town, REPORT, 404)
    await world.post(path, world.stand.headers(Role.FINANCE_OFFICER, VILLAGE), REPORT, 403)
    await world.post(f"/elders/{person_id(999)}/death-report", world.village, REPORT, 404)
    # a resident: her close relatives only
    await world.post(path, world.resident("bo"), REPORT, 404)
    async with world.stand.unit() as unit:
        await elders.relate(unit, [Kin(world["ann"], world["bo"], "CHILD", 1)])
    await world.post(path, world.resident("bo"), REPORT, 202)
    [event] = await world.sent(ElderDeathReported)
    assert (event.source, event.unit_id) == ("FAMILY", f"family-{world['ann']}")
    elevated = (
        "select detail -> 'elevated' ->> 0 from kernel.audit"
        " where action = 'eldercare:report_death' and outcome = 'done'"
    )
    assert await world.stand.scalar(elevated) == "death.report: a relative"


@pytest.mark.parametrize(
    ("death_date", "code"),
    [
        ((clock.today() + timedelta(days=2)).isoformat(), "death_date_future"),
        ("1940-04-30", "death_date_before_birth"),
        ("1999-12-31", "death_date_too_old"),
        ("2026-02-30", "date_from_datetime_parsing"),
        ("soon", "date_from_datetime_parsing"),
        (None, "date_type"),
    ],
)
async def test_impossible_dates_name_the_field(world: World, death_date: str | None, code: str) -> None:
    body = REPORT | {"deathDate": death_date}
    refused = await world.post(f"/elders/{world['ann']}/death-report", world.village, body, 422)
    [error] = refused["errors"]
    assert error["field"] == "deathDate"
    assert error["code"] == code
    assert not error["message"].isascii()
    assert await world.stand.scalar("select count(*) from death_report") == 0
