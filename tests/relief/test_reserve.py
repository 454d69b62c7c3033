"""A town's reserve answers for every fen (R-04)."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import clock
from tests.relief.desk import Desk
from tests.relief.families import LIUHENG, Families


@pytest.fixture(autouse=True)
def _on_a_monday() -> Iterator[None]:
    clock.set_to(clock.start_of_day(date(2026, 3, 2)) + timedelta(hours=9))
    yield
    clock.reset()


@pytest.fixture
def desk(relief: Families) -> Desk:
    return Desk(relief)


@pytest.mark.plan("R-04", part="a town's reserve: ledger, replenished below 30 %")
async def test_a_reserve_is_spent_filled_up_and_adds_up(desk: Desk) -> None:
    opened = await desk.reserve()
    assert (opened["floatAmount"], opened["balance"]) == ("50000.00", "50000.00")
    assert (await desk.relief.post("/reserves", desk.finance, {"areaCode": LIUHENG}, 409))["code"] == "reserve_exists"
    for _ in range(9):
        await desk.paid(level="III")
    assert await desk.balance() == "18491.00"
    assert (await desk.relief.get("/replenishments", desk.officer))["items"] == []
    await desk.paid(level="III")
    assert await desk.balance() == "14990.00"  # below 15,000
    (asked,) = (await desk.relief.get("/replenishments?isOpen=true", desk.officer))["items"]
    assert (asked["balance"], asked["state"]) == ("14990.00", "OPEN")
    town = {"areaCode": LIUHENG}
    assert (await desk.relief.post("/replenishments", desk.leader, town, 409))["code"] == "replenish_open"
    await desk.paid()
    filled = await desk.relief.post(f"/replenishments/{asked['id']}/fill", desk.finance)
    assert (filled["state"], filled["filled"]) == ("DONE", "36177.00")  # what is missing now
    assert await desk.balance() == "50000.00"
    assert (await desk.relief.post(f"/replenishments/{asked['id']}/fill", desk.finance, expect=409))["code"] == (
        "replenish_done"
    )
    accounts = await desk.relief.stand.rows(
        "select account, sum(fen) from (select to_account as account, amount_fen as fen from reserve_entry union all"
        " select from_account, -amount_fen from reserve_entry) legs group by account"
    )
    totals = {account: int(fen) for account, fen in accounts}
    assert sum(totals.values()) == 0
    assert totals == {"RESERVE": 50000_00, "DISTRICT": -86177_00, "FAMILY": 36177_00}


async def test_a_reserve_never_pays_what_it_has_not(desk: Desk) -> None:
    await desk.apply()
    await desk.do("accept", desk.clerk)
    await desk.decide()
    assert (await desk.do("pay", desk.colleague, {"how": "CASH"}, 409))["code"] == "reserve_missing"
    await desk.reserve()
    async with desk.relief.stand.unit() as unit:
        await unit.execute(text("update reserve set balance_fen = 116699"))
    assert (await desk.do("pay", desk.colleague, {"how": "CASH"}, 409))["code"] == "reserve_short"
    assert (await desk.see())["paidAt"] is None
    # The district may step in.
    assert (await desk.do("pay", desk.finance, {"how": "BANK"}))["state"] == "PAPERS_DUE"


async def test_the_ledger_is_the_databases_business(desk: Desk) -> None:
    """Lines cannot be changed; the balance follows from them and never falls below nothing; a case is paid once."""
    await desk.reserve()
    await desk.paid()
    line = "insert into reserve_entry (id, area_code, kind, from_account, to_account, amount_fen, case_id, made_by,"
    line += " made_at) values ('{}', '330903100000', 'GRANT', '{}', 'FAMILY', {}, '{}', 'a', now())"
    for statement in (
        "update reserve_entry set amount_fen = 1",
        "delete from reserve_entry",
        line.format("x", "RESERVE", 100, desk.id),
        line.format("x", "FAMILY", 100, "c"),
        line.format("x", "RESERVE", 0, "c"),
        line.format("x", "RESERVE", 50000_00, "c"),
    ):
        with pytest.raises(DBAPIError):
            async with desk.relief.stand.unit() as unit:
                await unit.execute(text(statement))
    assert await desk.balance() == "48833.00"


async def test_many_at_one_reserve(desk: Desk) -> None:
    """Twenty payments at once leave what twenty payments leave."""
    await desk.reserve()
    ids = []
    for _ in range(20):
        await desk.apply()
        await desk.do("accept", desk.clerk)
        await desk.decide()
        ids.append(desk.id)
    client, path = desk.relief.stand.client, "/api/relief/temporary-cases/{}/pay"
    answers = await asyncio.gather(
        *(client.post(path.format(one), headers=desk.colleague, json={"how": "CASH"}) for one in ids)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await desk.balance() == "26660.00"


async def test_a_towns_reserve_is_its_own(desk: Desk) -> None:
    await desk.reserve()
    assert (await desk.relief.get("/reserves", desk.relief.other_town))["items"] == []
    assert (await desk.relief.get("/reserve-entries", desk.relief.other_town))["items"] == []
    await desk.relief.post("/reserves", desk.clerk, {"areaCode": LIUHENG}, 403)
