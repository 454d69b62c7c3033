"""What a confirmed death ends, and what its withdrawal gives back (domain §10)."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.eldercare.devices import service as devices
from services.eldercare.devices.service import NewDevice
from services.eldercare.elders.service import Elder
from services.eldercare.orders import service as orders
from services.eldercare.orders.service import NewOrder
from services.eldercare.stays import service as stays
from services.eldercare.stays.service import NewStay
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.service import NewSubsidy
from services.eldercare.waiting import service as waiting
from shared import clock
from shared.clock import SHANGHAI
from shared.contracts.affairs import DeathConfirmed, DeathRevoked
from shared.contracts.brain import PersonMoved
from shared.contracts.eldercare import BedOccupied, BedReleased, ElderDied
from shared.contracts.settled import EldercareDeathSettled, EldercareDeathUnsettled, SettledEffect
from shared.db.principals import Role
from tests.eldercare.world import DISTRICT, DONGGANG, VILLAGE, World

NOW = datetime(2026, 5, 15, 10, tzinfo=SHANGHAI)
CASE = "case-1"
CARD = ("安示例", "6228480360100000015")


@pytest.fixture
async def ann(world: World) -> AsyncIterator[str]:
    """An elder with everything: bed, both subsidies, orders, devices. It is noon on 15 May 2026."""
    with clock.frozen(NOW):
        ann = world["ann"]
        async with world.stand.unit() as unit:
            await stays.add_many(unit, [NewStay("bed-a1", ann, date(2025, 1, 5), "C1")])
            await devices.add_many(
                unit,
                [
                    NewDevice(ann, VILLAGE, "phone", date(2025, 1, 6), id="phone"),
                    NewDevice(ann, VILLAGE, "watch", date(2025, 1, 6), "WATCH", id="watch"),
                ],
            )
            await orders.add_many(
                unit,
                [
                    NewOrder(ann, VILLAGE, "助浴", NOW + timedelta(days=1), state="ACCEPTED", carer_id="c", id="next"),
                    NewOrder(ann, VILLAGE, "助浴", NOW - timedelta(days=1), state="CONFIRMED", id="after"),
                    NewOrder(ann, VILLAGE, "助浴", NOW - timedelta(days=9), state="CONFIRMED", id="before"),
                    NewOrder(ann, VILLAGE, "助浴", NOW - timedelta(days=1), state="CANCELLED", id="off"),
                ],
            )
            elder = await unit.get(Elder, ann, lock=True)
            elder.relief_class = "MINIMUM"
            await unit.flush()
            await subsidies.add_many(
                unit,
                [
                    NewSubsidy(ann, "longevity", date(2026, 1, 1), CARD),
                    NewSubsidy(ann, "care_subsidy", date(2026, 1, 1)),
                ],
            )
        yield ann


def confirmed(person_id: str, on: date, case: str = CASE) -> DeathConfirmed:
    return DeathConfirmed(death_case_id=case, person_id=person_id, death_date=on, confirmed_by=["o1"])


def revoked(person_id: str, case: str = CASE) -> DeathRevoked:
    return DeathRevoked(death_case_id=case, person_id=person_id, reason="本人健在", by=["o1", "o2"])


async def pay(world: World, month: str) -> None:
    """Run, check, approve, send and have paid one month's batches over HTTP."""
    finance = world.stand.headers(Role.FINANCE_OFFICER, DISTRICT, account="finance")
    reviewer = world.stand.headers(Role.DISTRICT_REVIEWER, DISTRICT, account="reviewer")
    body = {"month": month, "areaCode": DISTRICT}
    for batch in (await world.post("/subsidies/run", finance, body))["batches"]:
        path = f"/payments/batches/{batch['batchId']}"
        checked = await world.post(f"{path}/check", finance)
        if not checked["batch"]["lines"]:
            continue
        await world.post(f"{path}/approve", reviewer)
        await world.post(f"{path}/export", finance)
        lines = (await world.get(f"{path}/lines?limit=100", finance))["items"]
        rows = [{"lineId": line["id"], "outcome": "PAID"} for line in lines if line["state"] == "SENT"]
        await world.post(f"{path}/returns", finance, {"rows": rows})


def by_task(effects: list[SettledEffect]) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for effect in effects:
        found.setdefault(effect.task, []).append((effect.kind, effect.object, effect.outcome))
    return found


async def test_everything_ends(world: World, ann: str) -> None:
    for month in ("2026-03", "2026-04"):
        await pay(world, month)
    await world.stand.hear(confirmed(ann, date(2026, 5, 10)))
    file = await world.get(f"/elders/{ann}", world.town)
    assert (file["lifeStatus"], file["deathCaseId"], file["deathDate"]) == ("DECEASED", CASE, "2026-05-10")
    [stay] = file["stays"]
    assert (stay["state"], stay["endedOn"]) == ("DECEASED", "2026-05-10")
    assert (await world.get("/beds/bed-a1", world.town))["status"] == "MAINTENANCE"
    assert {order["id"]: order["state"] for order in file["orders"]} == {
        "next": "CANCELLED",
        "after": "VOID",
        "before": "CONFIRMED",
        "off": "CANCELLED",
    }
    assert {device["state"] for device in file["devices"]} == {"TO_RETRIEVE"}
    assert {one["scheme"]: one["lastMonth"] for one in file["subsidies"]} == {
        "longevity": "2026-05",
        "care_subsidy": "2026-05",
    }
    # all months paid so far were due: nothing to recover; May is still due
    assert (await world.get("/payments/recoveries", world.district))["items"] == []
    [settled] = await world.sent(EldercareDeathSettled)
    answers = by_task(settled.effects)
    assert sorted(answers) == ["T12", "T15", "T23"]
    assert [outcome for _, _, outcome in answers["T12"]] == ["done", "done"]
    assert sorted((kind, thing) for kind, thing, _ in answers["T15"]) == [
        ("cancel_order", "next"),
        ("end_stay", stay["id"]),
        ("recall_device", "phone"),
        ("recall_device", "watch"),
        ("release_bed", "bed-a1"),
        ("void_order", "after"),
    ]
    assert {outcome for _, _, outcome in answers["T15"]} == {"done"}
    assert answers["T23"] == [("look", ann, "nothing_to_do")]
    [died] = await world.sent(ElderDied)
    assert (died.bed_id, died.orders_cancelled, sorted(died.devices)) == ("bed-a1", ["next"], ["phone", "watch"])
    [released] = await world.sent(BedReleased)
    assert released.reason == "DECEASED"
    with clock.frozen(NOW + timedelta(hours=24, seconds=1)):
        await world.stand.settle()
        assert (await world.get("/beds/bed-a1", world.town))["status"] == "VACANT"
        # the bed may be given again, but nobody gives anything to the dead
        await world.post("/beds/bed-a1/stays", world.town, {"personId": ann}, 409)
        await world.post("/beds/bed-a1/stays", world.town, {"personId": world["bo"]}, 201)


@pytest.mark.plan("E-25", part="recovery after a death found late")
async def test_late_discovery_recovers_every_month_since(world: World, ann: str) -> None:
    for month in ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05"):
        await pay(world, month)
    await world.stand.hear(confirmed(ann, date(2026, 2, 11)))
    recoveries = (await world.get("/payments/recoveries", world.district))["items"]
    assert sorted((one["scheme"], one["month"], one["amount"]) for one in recoveries) == [
        *[("care_subsidy", f"2026-0{month}", "500.00") for month in (3, 4, 5)],
        *[("longevity", f"2026-0{month}", "50.00") for month in (3, 4, 5)],
    ]
    assert {(one["state"], one["cause"]) for one in recoveries} == {("PROPOSED", CASE)}
    [settled] = await world.sent(EldercareDeathSettled)
    reasons = [effect.reason for effect in settled.effects if effect.task == "T12"]
    assert sorted(reasons) == ["自2026年3月起停发，建议追缴1,500.00元", "自2026年3月起停发，建议追缴150.00元"]
    # orders after the real date are void, the paid ones need a person
    async with world.stand.unit() as unit:
        assert {order.state for order in await orders.of_person(unit, ann)} == {"CANCELLED", "VOID"}


async def test_money_already_settled_needs_a_person(world: World, ann: str) -> None:
    async with world.stand.unit() as unit:
        await orders.add_many(
            unit, [NewOrder(ann, VILLAGE, "助浴", NOW - timedelta(days=1), state="SETTLED", id="paid")]
        )
    await world.stand.hear(confirmed(ann, date(2026, 5, 10)))
    [settled] = await world.sent(EldercareDeathSettled)
    assert ("void_order", "paid", "needs_human") in by_task(settled.effects)["T15"]
    async with world.stand.unit() as unit:
        assert (await unit.get(orders.Order, "paid")).state == "SETTLED"


async def test_a_person_without_anything_gets_all_answers(world: World) -> None:
    await world.stand.hear(
        confirmed(world["bo"], date(2026, 5, 10)), confirmed("p1unknown", date(2026, 5, 10), "case-2")
    )
    for settled in await world.sent(EldercareDeathSettled):
        assert {effect.task: effect.outcome for effect in settled.effects} == dict.fromkeys(
            ("T12", "T15", "T23"), "nothing_to_do"
        )
    assert [died.person_id for died in await world.sent(ElderDied)] == [world["bo"]]


async def test_the_dead_leave_the_queue(world: World) -> None:
    await world.post("/waiting-list", world.town, {"personId": world["bo"]}, 201)
    before = await world.get("/waiting-list", world.town)
    await world.stand.hear(confirmed(world["bo"], clock.today()))
    assert (await world.get("/waiting-list", world.town))["items"] == []
    [settled] = await world.sent(EldercareDeathSettled)
    assert by_task(settled.effects)["T23"] == [("leave_waiting_list", before["items"][0]["id"], "done")]
    await world.stand.hear(revoked(world["bo"]))
    assert await world.get("/waiting-list", world.town) == before


async def test_everything_comes_back(world: World, ann: str) -> None:
    await pay(world, "2026-04")
    before = await snapshot(world, ann)
    await world.stand.hear(confirmed(ann, date(2026, 3, 20)))
    assert len((await world.get("/payments/recoveries?state=PROPOSED", world.district))["items"]) == 2
    await world.stand.hear(revoked(ann))
    after = await snapshot(world, ann)
    assert after.pop("orders") == before.pop("orders") | {"next": "CREATED"}  # offered again, not made anew
    assert after == before
    assert (await world.get("/payments/recoveries?state=PROPOSED", world.district))["items"] == []
    [unsettled] = await world.sent(EldercareDeathUnsettled)
    answers = by_task(unsettled.effects)
    assert {outcome for _, _, outcome in answers["T12"] + answers["T15"]} == {"done"}
    assert sorted(kind for kind, _, _ in answers["T15"]) == [
        "offer_order",
        "restore",
        "restore",
        "restore",
        "restore",
        "restore_stay",
    ]
    assert any("撤销追缴" in effect.reason for effect in unsettled.effects if effect.task == "T12")
    assert len(await world.sent(BedOccupied)) == 1
    # the cleaning that was ordered does not take the bed away from her
    with clock.frozen(NOW + timedelta(hours=25)):
        await world.stand.settle()
        assert (await world.get("/beds/bed-a1", world.town))["status"] == "OCCUPIED"


async def snapshot(world: World, person_id: str) -> dict[str, Any]:
    """What she has, by the file and the statement."""
    file = await world.get(f"/elders/{person_id}", world.town)
    statement = await world.get(f"/payments/people/{person_id}/statement?since=2026-01&until=2026-05", world.town)
    bed = await world.get("/beds/bed-a1", world.town)
    return {
        "life": (file["lifeStatus"], file["deathCaseId"], file["deathDate"], file["orgId"], file["living"]),
        "stays": [(stay["id"], stay["state"], stay["endedOn"], stay["endReason"]) for stay in file["stays"]],
        "bed": bed["status"],
        "devices": {device["id"]: device["state"] for device in file["devices"]},
        "orders": {order["id"]: order["state"] for order in file["orders"]},
        "subsidies": [(one["scheme"], one["state"], one["lastMonth"]) for one in file["subsidies"]],
        "months": statement["months"],
    }


async def test_a_bed_given_away_puts_her_on_top(world: World, ann: str) -> None:
    await world.post("/waiting-list", world.town, {"personId": world["bo"]}, 201)
    await world.stand.hear(confirmed(ann, date(2026, 5, 14)))
    with clock.frozen(NOW + timedelta(days=2)):
        await world.stand.settle()
        await world.post("/beds/bed-a1/stays", world.town, {"personId": world["bo"]}, 201)
        await world.stand.hear(revoked(ann))
        queue = (await world.get("/waiting-list", world.town))["items"]
        assert [(entry["personId"], entry["priority"]) for entry in queue] == [(ann, 0), (world["bo"], 4)]
        assert queue[0]["dueAt"] == (clock.now() + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
        [unsettled] = await world.sent(EldercareDeathUnsettled)
        [stay] = [effect for effect in unsettled.effects if effect.kind == "restore_stay"]
        assert stay.outcome == "needs_human"
        assert "24小时内安排临时床位" in stay.reason
        assert (await world.get("/beds/bed-a1", world.town))["status"] == "RESERVED"
        # the one who got it keeps it, she is alive and can be given another
        await world.post("/beds/bed-a2/stays", world.town, {"personId": ann}, 201)


async def test_a_device_fetched_meanwhile_needs_a_person(world: World, ann: str) -> None:
    await world.stand.hear(confirmed(ann, date(2026, 5, 14)))
    await world.post("/devices/watch/steps", world.town, {"action": "retrieve"})
    await world.stand.hear(revoked(ann))
    file = await world.get(f"/elders/{ann}", world.town)
    assert {device["id"]: device["state"] for device in file["devices"]} == {"phone": "ISSUED", "watch": "RETRIEVED"}
    [unsettled] = await world.sent(EldercareDeathUnsettled)
    [conflict] = [effect for effect in unsettled.effects if effect.outcome == "needs_human"]
    assert (conflict.object, conflict.reason) == (
        "watch",
        "设备状态原为ISSUED，停办时改为TO_RETRIEVE，现为RETRIEVED，请人工处理",
    )


async def test_a_withdrawal_that_arrives_first(world: World, ann: str) -> None:
    """§10 g: a tombstone, and the confirmation that comes later does nothing; a new case works."""
    before = await snapshot(world, ann)
    await world.stand.hear(revoked(ann))
    await world.stand.hear(confirmed(ann, date(2026, 5, 10)))
    assert await snapshot(world, ann) == before
    assert await world.sent(EldercareDeathSettled) == []
    assert await world.sent(ElderDied) == []
    await world.stand.hear(confirmed(ann, date(2026, 5, 10), "case-2"))
    assert (await snapshot(world, ann))["bed"] == "MAINTENANCE"


async def test_hearing_it_twice_is_hearing_it_once(world: World, ann: str) -> None:
    await pay(world, "2026-05")
    await world.stand.hear(confirmed(ann, date(2026, 3, 10)))
    once = await snapshot(world, ann)
    await world.stand.hear(confirmed(ann, date(2026, 3, 10)))
    assert await snapshot(world, ann) == once
    assert len(await world.sent(EldercareDeathSettled)) == len(await world.sent(ElderDied)) == 1
    await world.stand.hear(revoked(ann))
    back = await snapshot(world, ann)
    await world.stand.hear(revoked(ann))
    assert await snapshot(world, ann) == back
    assert len(await world.sent(EldercareDeathUnsettled)) == 1


async def test_a_reservation_of_the_dead(world: World) -> None:
    """Cancelled, the bed vacant at once; given back while its time runs, lapsed when that is over."""
    with clock.frozen(NOW):
        stay = await world.post("/beds/bed-a1/stays", world.town, {"personId": world["bo"]}, 201)
        await world.stand.hear(confirmed(world["bo"], date(2026, 5, 15)))
        assert (await world.get("/beds/bed-a1", world.town))["status"] == "VACANT"
        await world.stand.hear(revoked(world["bo"]))
        assert (await world.get(f"/stays/{stay['id']}", world.town))["state"] == "RESERVED"
        assert (await world.get("/beds/bed-a1", world.town))["status"] == "RESERVED"
        await world.stand.hear(confirmed(world["bo"], date(2026, 5, 15), "case-2"))
    with clock.frozen(NOW + timedelta(days=8)):
        await world.stand.settle()
        await world.stand.hear(revoked(world["bo"], "case-2"))
        stay = await world.get(f"/stays/{stay['id']}", world.town)
        assert (stay["state"], stay["endReason"]) == ("CANCELLED", "LAPSED")
        assert (await world.get("/beds/bed-a1", world.town))["status"] == "VACANT"
        [*_, unsettled] = await world.sent(EldercareDeathUnsettled)
        assert ("restore_stay", stay["id"], "done") in by_task(unsettled.effects)["T15"]


async def test_silence_confirms_what_was_void_meanwhile(world: World, ann: str) -> None:
    """An order of yesterday waits for the elder's word; void and back again, the word is due as before."""
    async with world.stand.unit() as unit:
        [order_id] = await orders.add_many(
            unit, [NewOrder(ann, VILLAGE, "助洁", NOW - timedelta(days=1), state="CHECKED_IN")]
        )
    carer = world.stand.headers(Role.TOWN_CLERK, DISTRICT)
    await world.post(f"/orders/{order_id}/check-out", carer, expect=403)
    home = world.stand.headers(Role.INSTITUTION_ADMIN, org="org-x")
    await world.post(f"/orders/{order_id}/check-out", home, expect=404)
    async with world.stand.unit() as unit:
        await orders.step(unit, order_id, "check_out")
    await world.stand.hear(confirmed(ann, date(2026, 5, 1)))
    with clock.frozen(NOW + timedelta(days=3)):
        await world.stand.settle()
        await world.stand.hear(revoked(ann))
        assert (await world.get(f"/orders/{order_id}", world.town))["state"] == "CONFIRMED"


async def test_the_queue_entry_survives_with_its_place(world: World, ann: str) -> None:
    async with world.stand.unit() as unit:
        elder = await unit.get(Elder, ann, lock=True)
        entry = await waiting.enqueue(unit, elder)
        entry_id = entry.id
    await world.stand.hear(confirmed(ann, date(2026, 5, 1)))
    await world.stand.hear(revoked(ann))
    queue = (await world.get("/waiting-list", world.town))["items"]
    assert [(row["id"], row["state"]) for row in queue] == [(entry_id, "WAITING")]


async def test_money_follows_who_moves(world: World, ann: str) -> None:
    """What is to be recovered is seen by the town she lives in, and no longer by the one she left."""
    await pay(world, "2026-05")
    await world.stand.hear(
        PersonMoved(person_id=ann, from_area=VILLAGE, to_area=DONGGANG, on_date=date(2026, 5, 15)),
        confirmed(ann, date(2026, 4, 11)),
    )
    assert len((await world.get("/payments/recoveries", world.other_town))["items"]) == 2
    assert (await world.get("/payments/recoveries", world.town))["items"] == []
    path = f"/payments/people/{ann}/statement?since=2026-05&until=2026-05"
    assert len((await world.get(path, world.other_town))["months"]) == 2
    assert (await world.get(path, world.town))["months"] == []


async def test_two_cases_hold_until_both_are_withdrawn(world: World, ann: str) -> None:
    before = await snapshot(world, ann)
    await world.stand.hear(confirmed(ann, date(2026, 5, 10)), confirmed(ann, date(2026, 4, 2), "case-2"))
    await world.stand.hear(revoked(ann))
    dead = await snapshot(world, ann)
    assert dead["life"][:3] == ("DECEASED", "case-2", "2026-04-02")
    assert (dead["bed"], set(dead["devices"].values())) == ("MAINTENANCE", {"TO_RETRIEVE"})
    assert {last for _, _, last in dead["subsidies"]} == {"2026-04"}
    await world.stand.hear(revoked(ann, "case-2"))
    after = await snapshot(world, ann)
    assert after.pop("orders") == before.pop("orders") | {"next": "CREATED"}
    assert after == before
