"""Figures and composed answers: what is counted or put together is counted and put together of one's own rows."""

from typing import Any

import pytest

from shared.db.principals import Role
from suite.seed.places import DISTRICT
from tests.journeys.rows.furniture import Place
from tests.journeys.rows.reading import TASKS, Oracle
from tests.journeys.rows.who import HOUSES, NEIGHBOUR, Row, Who
from tests.journeys.rows.world import World

pytestmark = pytest.mark.plan("S-07", part="rows")


async def test_bed_figures_count_the_beds_and_elders_of_the_caller(world: World) -> None:
    beds = await world.rows(
        "eldercare",
        "select b.area_code, b.institution_id, b.type, b.status from bed b join institution i on i.id = b.institution_id"  # noqa: E501
        " where i.state = 'OPERATING' and b.status <> 'RETIRED'",
    )
    elders = await world.rows(
        "eldercare", "select area_code, org_id from elder where death_case_id is null and life_status <> 'DECEASED'"
    )
    for who in _everyone(world, "bed_figures"):
        body = (await world.call(who, world.way("bed_figures"))).body
        mine = [bed for bed in beds if who.sees(Row("", bed[0], bed[1])) and bed[2] != "FAMILY"]
        counted = {
            "beds": len(mine),
            "nursing": sum(bed[2] in ("NURSING", "DEMENTIA") for bed in mine),
            "dementia": sum(bed[2] == "DEMENTIA" for bed in mine),
            "occupied": sum(bed[3] == "OCCUPIED" for bed in mine),
            "elders": sum(who.sees(Row("", elder[0], elder[1])) for elder in elders),
        }
        assert {name: body[name] for name in counted} == counted, who


async def test_support_figures_count_the_destitute_of_the_caller(world: World) -> None:
    asked = await world.rows(
        "eldercare",
        "select c.area_code, c.support from support_choice c join elder e using (person_id)"
        " where e.death_case_id is null and e.life_status <> 'DECEASED'",
    )
    for who in _everyone(world, "support_figures"):
        body = (await world.call(who, world.way("support_figures"))).body
        assert body["willing"] == sum(who.sees(Row("", area)) and wish == "CENTRAL" for area, wish in asked), who


async def test_pairing_figures_count_the_children_of_the_caller_and_hide_small_numbers(world: World) -> None:
    children = await world.rows(
        "charity",
        "select distinct beneficiary_id, area_code from pairing where state = 'RUNNING'"
        " and beneficiary_birth > current_date - interval '18 years'",
    )
    assert children
    for who in _everyone(world, "pairing_figures"):
        if who.area in ("", NEIGHBOUR):
            continue  # no law of ours holds there
        answer = await world.call(who, world.way("pairing_figures"))
        assert answer.status == 200, (who, answer.text)
        body = answer.body
        count = sum(who.sees(Row("", area)) for _, area in children)
        hidden = count < 5 and who.area != DISTRICT
        assert body["children"] == ("<5" if hidden else count), who


async def test_an_elders_file_is_put_together_of_rows_the_caller_sees(world: World, places: dict[str, Place]) -> None:
    """Each part against its own oracle; a house sees nothing of what is between its resident and the state."""
    parts = {"subsidies": "subsidy", "stays": "stay", "devices": "device", "orders": "order"}
    oracle, way, looked = Oracle(world), world.way("get_elder_file"), 0
    for place in (places["here"], places["there"]):
        for person in (place["person_id"], place["spare_id"], world.places.elder):
            for who in _everyone(world, way.op):
                if not who.sees(await oracle.find("elder", person)):
                    continue
                body = (await world.call(who, way, {"person_id": person})).body
                for part, kind in parts.items():
                    sql = f"select id from {'home_order' if kind == 'order' else kind} where person_id = :person"
                    hers = {row[0] for row in await world.rows("eldercare", sql, person=person)}
                    mine = {row.id for row in await oracle.rows(kind) if row.id in hers and who.sees(row)}
                    assert {item["id"] for item in body[part]} == mine, (who, part)
                assert not (who.role in HOUSES and (body["relatives"] or body["devices"] or body["subsidies"])), who
                looked += 1
    assert looked > 20


async def test_a_statement_holds_the_entitlements_the_caller_sees(world: World, places: dict[str, Place]) -> None:
    oracle, shown = Oracle(world), 0
    for service in ("eldercare", "relief"):
        way = world.way(f"{service}_get_statement")
        for place in (places["here"], places["there"]):
            person = place.id_for(way, "person_id")
            hers = await world.rows(service, "select id from kernel.entitlement where person_id = :p", p=person)
            rights = [row for row in await oracle.rows(f"{service}_right") if (row.id,) in hers]
            for who in _everyone(world, way.op):
                body = (await world.call(who, way, {"person_id": person})).body
                told = {month["entitlementId"] for month in body["months"]}
                assert told == {right.id for right in rights if who.sees(right)}, who
                shown += len(told)
    assert shown > 20


async def test_a_matter_shows_each_role_the_tasks_that_are_for_its_eyes(world: World, places: dict[str, Place]) -> None:
    """The tasks in a matter, in its diagram and in the work list tell what the dead person drew."""
    case, way = places["here"]["case_id"], world.way("get_matter")
    kin = await world.rows(
        "affairs", "select k.relative_id from kin k join death_case c using (person_id) where c.id = :case", case=case
    )
    del kin
    for role in world.allowed(way):
        if role in HOUSES or role in (Role.RESIDENT, Role.AGENT):
            continue
        who = Who(role, area=DISTRICT)
        body = (await world.call(who, way, {"case_id": case})).body
        assert {task["id"] for task in body["tasks"]} <= TASKS[role], role
        drawn = (await world.call(who, world.way("get_diagram"), {"case_id": case})).text
        hidden = {task for tasks in TASKS.values() for task in tasks} - TASKS[role]
        assert not [task for task in hidden if f"{task}[" in drawn], role


async def test_a_bank_file_holds_the_lines_of_its_batch_and_is_not_for_others(
    world: World, places: dict[str, Place]
) -> None:
    """The seed's batches were sent: their files can be read again, by finance of the district and nobody below it."""
    for service in ("eldercare", "relief"):
        way = world.way(f"{service}_get_bank_file")
        sql = "select id, (select count(*) from kernel.payment_line l where l.batch_id = b.id and l.state = 'PAID')"
        sql += " from kernel.payment_batch b where state = 'RECONCILED' limit 1"
        [(batch, lines)] = await world.rows(service, sql)
        for who in _everyone(world, way.op):
            answer = await world.call(who, way, {"batch_id": batch})
            if who.area != DISTRICT:
                assert answer.status == 404, (who, answer.text[:200])
            else:
                assert answer.status == 200
                assert answer.text.count("\n") >= lines > 0
    del places


async def test_a_scan_shows_the_stranger_nothing_but_the_house(world: World, places: dict[str, Place]) -> None:
    """One bed, one person, one code: whoever is neither family, carer nor inspector of the place sees no occupant."""
    bed = world.scene.story[0]["bedId"]
    [(code, area, home)] = await world.rows(
        "eldercare", "select code, area_code, institution_id from bed where id = :bed", bed=bed
    )
    kin = await world.rows("eldercare", "select relative_id from relative where person_id = :p", p=world.places.elder)
    family, views = {world.places.elder, *(row[0] for row in kin)}, set()
    for who in _everyone(world, "scan_bed_code"):
        body = (await world.call(who, world.way("scan_bed_code"), {"code": code})).body
        views.add(body["view"])
        is_theirs = who.role is not Role.RESIDENT and who.sees(Row("", area, home))
        is_family = who.role is Role.RESIDENT and who.person in family
        if not (is_theirs or is_family) or who.role is Role.VILLAGE_CLERK:
            assert (body["view"], body["care"], body["contract"], body["status"]) == ("PUBLIC", None, None, None), who
        else:
            assert body["care"] is not None, who
    answer = await world.call(None, world.way("scan_bed_code_in_public"), {"code": code})
    assert (answer.body["view"], answer.body["care"]) == ("PUBLIC", None)
    assert views == {"PUBLIC", "FAMILY", "CARER", "INSPECTOR"}
    del places


def _everyone(world: World, op: str) -> list[Who]:
    way: Any = world.way(op)
    return world.watchers(way, 0, 9)
