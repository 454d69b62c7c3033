"""Home-care orders step by step, devices out and back."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from services.eldercare.devices.rules import STEPS as DEVICE_STEPS
from services.eldercare.devices.rules import DeviceInWrongState
from services.eldercare.devices.rules import stepped as device_stepped
from services.eldercare.orders.rules import STEPS, Fate, OrderInWrongState, fate, stepped
from shared import clock
from shared.db.principals import Role
from tests.eldercare.world import HOME, LIUHENG, World

STATES = (
    *("CREATED", "DISPATCHED", "ACCEPTED", "CHECKED_IN", "CHECKED_OUT", "ANOMALY"),
    *("CONFIRMED", "AUDITED", "SETTLED", "CANCELLED", "VOID"),
)
NOW = datetime(2026, 5, 15, 2, tzinfo=UTC)


def test_every_other_step_is_refused() -> None:
    for action, state in itertools.product({action for action, _ in STEPS}, STATES):
        if (action, state) not in STEPS:
            with pytest.raises(OrderInWrongState):
                stepped(state, action)
    assert {then for (_, state), then in STEPS.items() if state in ("SETTLED", "CANCELLED", "VOID")} == set()
    for action, state in itertools.product(("recall", "retrieve", "lose"), ("RETRIEVED", "LOST")):
        assert (action, state) not in DEVICE_STEPS
        with pytest.raises(DeviceInWrongState):
            device_stepped(state, action)


@pytest.mark.parametrize(
    ("state", "slot_day", "died", "expected"),
    [
        ("CREATED", 16, 10, Fate.CANCEL),
        ("ACCEPTED", 15, 15, Fate.CANCEL),  # this afternoon, death this morning
        ("CHECKED_IN", 15, 15, Fate.KEEP),
        ("CONFIRMED", 12, 10, Fate.VOID),
        ("CREATED", 12, 10, Fate.VOID),
        ("CONFIRMED", 10, 10, Fate.KEEP),  # the service may have been given that morning
        ("CONFIRMED", 9, 10, Fate.KEEP),
        ("SETTLED", 12, 10, Fate.PAID_ALREADY),
        ("SETTLED", 10, 10, Fate.KEEP),
        ("CANCELLED", 16, 10, Fate.KEEP),
        ("VOID", 12, 10, Fate.KEEP),
    ],
)
def test_what_a_death_does_to_an_order(state: str, slot_day: int, died: int, expected: Fate) -> None:
    slot = datetime(2026, 5, slot_day, 6, tzinfo=UTC)
    assert fate(state, slot, slot.date(), death_date=date(2026, 5, died), now=NOW) is expected


async def test_an_order_from_the_wish_to_the_settlement(world: World) -> None:
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    body = {"personId": world["ann"], "item": "助浴", "slotFrom": tomorrow, "minutes": 60, "providerId": HOME}
    order = await world.post("/orders", world.resident("ann"), body, 201)
    await world.post("/orders", world.resident("bo"), body, 404)
    late = body | {"slotFrom": (clock.now() - timedelta(hours=1)).isoformat()}
    refused = await world.post("/orders", world.town, late, 422)
    assert refused["errors"][0]["field"] == "slotFrom"
    for far in ((clock.now() + timedelta(days=181)).isoformat(), "9999-12-31T23:59:59Z"):
        refused = await world.post("/orders", world.town, body | {"slotFrom": far}, 422)
        assert refused["code"] == "slot_too_far"
    path = f"/orders/{order['id']}"
    carer = world.stand.headers(Role.CARER, LIUHENG, org=HOME, account="carer")
    finance = world.stand.headers(Role.FINANCE_OFFICER, LIUHENG, account="finance")
    await world.post(f"{path}/accept", carer, expect=409)
    assert (await world.post(f"{path}/dispatch", world.home, {"carerId": "carer"}))["carerId"] == "carer"
    assert (await world.post(f"{path}/decline", carer))["carerId"] == ""
    await world.post(f"{path}/dispatch", world.home, {"carerId": "carer"})
    for step, state in (("accept", "ACCEPTED"), ("check-in", "CHECKED_IN"), ("check-out", "CHECKED_OUT")):
        assert (await world.post(f"{path}/{step}", carer))["state"] == state
    await world.post(f"{path}/cancel", world.town, {"reason": "改期"}, 409)
    assert (await world.post(f"{path}/flag", world.town, {"reason": "时长不足"}))["state"] == "ANOMALY"
    await world.post(f"{path}/confirm", world.resident("ann"), expect=409)
    review = {"outcome": "clear", "reason": "已核实"}
    assert (await world.post(f"{path}/review", world.town, review))["state"] == "CONFIRMED"
    assert (await world.post(f"{path}/audit", world.town))["state"] == "AUDITED"
    assert (await world.post(f"{path}/settle", finance))["state"] == "SETTLED"
    await world.post(f"{path}/cancel", world.town, {"reason": "改期"}, 409)
    await world.get(path, world.other_town, 404)


async def test_silence_confirms(world: World) -> None:
    body = {
        "personId": world["ann"],
        "item": "助洁",
        "slotFrom": (clock.now() + timedelta(hours=1)).isoformat(),
        "providerId": HOME,
    }
    order = await world.post("/orders", world.town, body, 201)
    path = f"/orders/{order['id']}"
    carer = world.stand.headers(Role.CARER, LIUHENG, org=HOME, account="carer")
    await world.post(f"{path}/dispatch", world.home, {"carerId": "carer"})
    for step in ("accept", "check-in", "check-out"):
        await world.post(f"{path}/{step}", carer)
    with clock.frozen(clock.now() + timedelta(hours=47)):
        await world.stand.settle()
        assert (await world.get(path, world.town))["state"] == "CHECKED_OUT"
    with clock.frozen(clock.now() + timedelta(hours=49)):
        await world.stand.settle()
        assert (await world.get(path, world.town))["state"] == "CONFIRMED"


async def test_devices_out_and_back(world: World) -> None:
    body = {"personId": world["ann"], "kind": "ONE_KEY_PHONE", "serialNo": "S1"}
    device = await world.post("/devices", world.town, body, 201)
    taken = await world.post("/devices", world.town, body | {"personId": world["bo"]}, 409)
    assert taken["code"] == "device_issued"
    path = f"/devices/{device['id']}/steps"
    assert (await world.post(path, world.town, {"action": "recall"}))["state"] == "TO_RETRIEVE"
    listed = await world.get("/devices?state=TO_RETRIEVE", world.town)
    assert [one["id"] for one in listed["items"]] == [device["id"]]
    back = await world.post(path, world.town, {"action": "retrieve"})
    assert (back["state"], back["returnedOn"]) == ("RETRIEVED", clock.today().isoformat())
    await world.post(path, world.town, {"action": "lose"}, 409)
    await world.post("/devices", world.town, body | {"personId": world["bo"]}, 201)
    await world.get(f"/devices?personId={world['ann']}", world.other_town)
    await world.post(path, world.other_town, {"action": "lose"}, 404)
