"""Divisions as of a day (domain §1.2)."""

from datetime import date

import pytest

from services.brain.areas.codes import AreaKind, Island
from services.brain.areas.service import AreaPeriodTaken, NewArea, load_areas
from shared.db.database import as_problem
from tests.brain.conftest import Brain
from tests.brain.test_sign_in import refused

pytestmark = [pytest.mark.db, pytest.mark.plan("S-07", part="dated divisions")]

SINCE = date(2016, 1, 1)


async def test_divisions_are_dated_and_know_what_lies_above(brain: Brain) -> None:
    async with brain.stand.unit() as unit:
        await load_areas(
            unit,
            [
                NewArea("330903", "普陀区", AreaKind.DISTRICT, SINCE),
                NewArea("330903100000", "六横镇", AreaKind.TOWN, SINCE, island=Island.OUTER),
                NewArea("330903004000", "朱家尖镇", AreaKind.TOWN, SINCE, date(2018, 1, 1)),
                NewArea("330903004000", "朱家尖街道", AreaKind.SUBDISTRICT, date(2018, 1, 1), island=Island.BRIDGED),
                NewArea("330903001901", "登步管委会", AreaKind.MGMT_COMMITTEE, SINCE, island=Island.OUTER),
            ],
        )
    reader = brain.resident("p1aaaaaaaaaaaaaaaaaaaaaaaaaa")
    today = (await brain.get("/areas", reader, parent="330903000000", total=True)).json()
    assert [(one["name"], one["isIsland"]) for one in today["items"]] == [("朱家尖街道", True), ("六横镇", True)]
    assert today["items"][1]["path"] == ["330000000000", "330900000000", "330903000000", "330903100000"]
    before = (await brain.get("/areas", reader, on="2017-12-31", parent="330903000000")).json()
    assert [one["name"] for one in before["items"]] == ["朱家尖镇", "六横镇"]
    one = await brain.get("/areas/330903001901", reader)
    assert (one.json()["kind"], one.json()["parentCode"]) == ("MGMT_COMMITTEE", "330903001000")
    refused(await brain.get("/areas/330903001901", reader, on="2015-01-01"), 404, "not_found")


async def test_two_names_at_a_time_are_refused_by_the_database(brain: Brain) -> None:
    area = NewArea("330903100000", "六横镇", AreaKind.TOWN, SINCE)
    with pytest.raises(Exception, match="ex_area_period") as raised:
        async with brain.stand.unit() as unit:
            await load_areas(unit, [area, area])
    assert isinstance(as_problem(raised.value), AreaPeriodTaken)


@pytest.mark.parametrize(("name", "value"), [("on", "2026-02-30"), ("parent", "330903"), ("limit", 101), ("what", 1)])
async def test_bad_questions_name_the_parameter(one_brain: Brain, name: str, value: object) -> None:
    answer = refused(await one_brain.get("/areas", one_brain.clerk(), **{name: value}), 422, "invalid_request")
    assert [error["field"] for error in answer["errors"]] == [name]
