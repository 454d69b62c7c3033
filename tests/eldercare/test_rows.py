"""Every route under every role that may call it: none breaks, none shows rows of another area, house or person."""

import json
from datetime import date, timedelta
from typing import Any

from fastapi.routing import APIRoute

from services.eldercare.beds.service import Bed
from services.eldercare.devices import service as devices
from services.eldercare.devices.service import NewDevice
from services.eldercare.elders import service as elders
from services.eldercare.elders.service import Kin
from services.eldercare.orders import service as orders
from services.eldercare.orders.service import NewOrder
from services.eldercare.stays import service as stays
from services.eldercare.stays.service import NewStay
from services.eldercare.subsidies import service as subsidies
from services.eldercare.subsidies.service import NewSubsidy
from services.eldercare.waiting import service as waiting
from shared import clock
from shared.contracts.affairs import DeathConfirmed
from shared.db.principals import Role
from shared.security.permissions import Permissions
from shared.web.route import UnitRoute
from tests.eldercare.world import DISTRICT, DONGGANG, HOME, OTHER_HOME, VILLAGE, World

CARD = ("安示例", "6228480360100000015")
PEOPLE = [role for role in Role if role is not Role.SYSTEM]


async def furnish(world: World) -> dict[str, str]:
    """Ann has one of everything, and the ids of it; `cai` in the other town has nothing."""
    ann = world["ann"]
    async with world.stand.unit() as unit:
        await elders.change(unit, ann, {"relief_class": "MINIMUM"})
        [stay_id] = await stays.add_many(unit, [NewStay("bed-a1", ann, date(2026, 1, 5), "C1")])
        [device_id] = await devices.add_many(unit, [NewDevice(ann, VILLAGE, "S1", date(2026, 1, 6))])
        tomorrow = unit.now + timedelta(days=1)
        [order_id] = await orders.add_many(unit, [NewOrder(ann, VILLAGE, "助浴", tomorrow, provider_id=HOME)])
        rights = [
            NewSubsidy(ann, "longevity", date(2026, 1, 1), CARD),
            NewSubsidy(ann, "care_subsidy", date(2026, 1, 1)),
        ]
        await subsidies.add_many(unit, rights)
        entry = await waiting.enqueue(unit, await elders.living(unit, ann))
        entry_id = entry.id
        await elders.relate(unit, [Kin(ann, world["bo"], "CHILD", 1)])
        [longevity, _] = await subsidies.run(unit, clock.today().replace(day=1), DISTRICT)
        code = (await unit.get(Bed, "bed-a1")).code
    await world.post(f"/elders/{ann}/death-report", world.village, {"deathDate": "2026-03-01", "place": "家中"}, 202)
    one = "select id from subsidy where scheme = 'longevity'"
    return {
        "person_id": ann,
        "institution_id": HOME,
        "bed_id": "bed-a1",
        "stay_id": stay_id,
        "device_id": device_id,
        "order_id": order_id,
        "subsidy_id": await world.stand.scalar(one),
        "entry_id": entry_id,
        "batch_id": longevity.batch_id,
        "code": code,
        "parameter": "longevity.amounts",
        "decision_id": await world.stand.scalar("select decision_id from subsidy where scheme = 'longevity'"),
        "recovery_id": "019a0000-0000-7000-8000-000000000000",
        "event_id": "019a0000-0000-7000-8000-000000000000",
    }


def bodies(ids: dict[str, str]) -> dict[str, Any]:
    """A valid body for each operation that takes one."""
    day = clock.today()
    month = f"{day:%Y-%m}"
    reason = {"reason": "示例"}
    order = {"personId": ids["person_id"], "item": "助浴", "providerId": HOME}
    return {
        "change_elder": {"living": "ALONE"},
        "add_institution": {
            "id": "new",
            "uscc": "53330903MJ100001XG",
            "name": "新院",
            "areaCode": VILLAGE,
            "kind": "PUBLIC",
        },
        "add_bed": {"institutionId": HOME, "bedNo": "Q1", "type": "NORMAL"},
        "step_bed": {"action": "repair"},
        "claim_bed": {"personId": ids["person_id"]},
        "check_in": {"contractNo": "C"},
        "note_absence": {"action": "leave"},
        "check_out": reason,
        "cancel_reservation": reason,
        "join_waiting": {"personId": ids["person_id"]},
        "choose_support": {"support": "CENTRAL", "askedOn": day.isoformat()},
        "apply_for_subsidy": {"personId": ids["person_id"], "scheme": "longevity", "fromMonth": month},
        "propose_subsidies": {"month": month},
        "run_subsidies": {"month": month, "areaCode": DISTRICT},
        "confirm_subsidies": {"ids": [ids["subsidy_id"]]},
        "activate_subsidies": {"ids": [ids["subsidy_id"]]},
        "refuse_subsidy": reason,
        "suspend_subsidy": reason,
        "end_subsidy": {"lastMonth": month} | reason,
        "set_subsidy_account": {"holder": "安示例", "card": CARD[1]},
        "issue_device": {"personId": ids["person_id"], "kind": "WATCH", "serialNo": "S9"},
        "step_device": {"action": "recall"},
        "create_order": order | {"slotFrom": (clock.now() + timedelta(days=1)).isoformat()},
        "dispatch_order": {"carerId": "c"},
        "cancel_order": reason,
        "flag_order": reason,
        "review_order": {"outcome": "clear"} | reason,
        "report_death": {"deathDate": "2026-03-01", "place": "家中"},
        "eldercare_open_batch": {"scheme": "longevity", "month": month, "areaCode": DISTRICT},
        "eldercare_enter_returns": {"rows": [{"lineId": "1", "outcome": "PAID"}]},
        "eldercare_enter_repayment": {"amount": "1.00"},
        "eldercare_write_off_recovery": {"reason": "示例"},
    }


def routes(world: World) -> list[UnitRoute]:
    found = [route for route in world.stand.app.router.routes if isinstance(route, APIRoute)]
    return [route for route in found if isinstance(route, UnitRoute)]


def address(route: UnitRoute, ids: dict[str, str]) -> str:
    path = route.path_format
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", ids[name])
    return path


def permissions(world: World) -> Permissions:
    table: Permissions = world.stand.app.state.edge.permissions
    return table


def near(world: World, role: Role) -> dict[str, str]:
    """Somebody of this role to whom ann's rows belong."""
    return world.stand.headers(role, DISTRICT, org=HOME, person=world["ann"], account=f"near-{role}")


def far(world: World, role: Role) -> dict[str, str]:
    """Somebody of this role to whom they do not."""
    return world.stand.headers(role, DONGGANG, org=OTHER_HOME, person=world["cai"], account=f"far-{role}")


async def test_no_route_breaks_under_any_role(world: World) -> None:
    ids = await furnish(world)
    given = bodies(ids)
    calls = 0
    for route in routes(world):
        for role in PEOPLE:
            declared = route.permit
            if declared.resource and not permissions(world).allows(role, declared.resource, declared.verb):
                continue
            method = min(route.methods or {"GET"})
            answer = await world.stand.client.request(
                method, address(route, ids), headers=near(world, role), json=given.get(route.operation_id or "")
            )
            assert answer.status_code < 500, (route.operation_id, role, answer.text)
            assert answer.status_code != 403 or answer.json()["code"] != "not_permitted", route.operation_id
            calls += 1
    assert calls > 200


REFUSED = {"add_institution": 422, "run_subsidies": 403, "eldercare_open_batch": 403}
"""How a write beyond one's rows is refused, where it is not as "no such thing"."""


async def test_no_row_reaches_another_area_house_or_person(world: World) -> None:
    """Reading: nothing of ann's; writing: as if she did not exist."""
    ids = await furnish(world)
    given = bodies(ids)
    before = await everything(world)
    open_to_all = {"policy", "operations", "audit"}
    for route in routes(world):
        declared = route.permit
        if not declared.resource or declared.resource in open_to_all:
            continue
        for role in PEOPLE:
            if not permissions(world).allows(role, declared.resource, declared.verb):
                continue
            method = min(route.methods or {"GET"})
            answer = await world.stand.client.request(
                method, address(route, ids), headers=far(world, role), json=given.get(route.operation_id or "")
            )
            where = (route.operation_id, role, answer.status_code, answer.text)
            if route.operation_id == "scan_bed_code":
                assert answer.json()["view"] == "PUBLIC", where
                continue
            if method != "GET" and route.operation_id != "propose_subsidies":
                assert answer.status_code == REFUSED.get(route.operation_id or "", 404), where
            for secret in ("安示例", *(ids[name] for name in ids if name.endswith("_id") and name != "recovery_id")):
                assert secret not in strip(answer.text, ids), (*where, secret)
    after = await everything(world)
    assert {key: after[key] for key in before} == before


def strip(text: str, ids: dict[str, str]) -> str:
    """An answer may repeat the id it was asked about."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    if isinstance(body, dict) and body.get("personId") == ids["person_id"] and body.get("months") == []:
        return ""
    return text


async def everything(world: World) -> dict[str, Any]:
    tables = ("elder", "bed", "stay", "waiting_entry", "device", "home_order", "death_report", "subsidy_level")
    found = {table: await world.stand.rows(f"select to_jsonb(t) from {table} t order by 1") for table in tables}
    kernel = ("entitlement", "payment_line", "payment_batch", "effect")
    for table in kernel:
        found[table] = await world.stand.rows(f"select to_jsonb(t) from kernel.{table} t order by 1")
    return found


async def test_after_a_death_the_rows_stay_where_they_were(world: World) -> None:
    ids = await furnish(world)
    case = DeathConfirmed(
        death_case_id="case", person_id=ids["person_id"], death_date=date(2026, 3, 1), confirmed_by=["a"]
    )
    await world.stand.hear(case)
    assert (await world.get(f"/elders/{ids['person_id']}", world.home))["lifeStatus"] == "DECEASED"
    await world.get(f"/elders/{ids['person_id']}", world.other_town, 404)
    await world.get(f"/elders/{ids['person_id']}", far(world, Role.INSTITUTION_ADMIN), 404)
