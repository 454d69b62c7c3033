"""Every writing verb on rows outside: refused, told apart from nothing, and the databases are as they were."""

from typing import Any

import pytest

from shared.db.principals import Role
from suite.seed.places import DISTRICT
from tests.journeys.rows.bodies import body_for
from tests.journeys.rows.furniture import Nowhere, Place, month
from tests.journeys.rows.who import HOUSES, PEOPLE, Who
from tests.journeys.rows.world import World
from tests.journeys.rows.writing import OWN, check_inside, check_write, intruders, uncovered

NAMES_ROWS = frozenset(
    {
        *("merge_people", "correct_records", "end_post", "add_bed", "claim_bed", "join_waiting", "apply_for_subsidy"),
        *("confirm_subsidies", "activate_subsidies", "issue_device", "create_order", "open_case", "set_account"),
        *("declare_filing", "apply_for_relief", "open_verification", "assign_field_visit"),
        "apply_for_temporary_relief",
        *("begin_pairing", "promise_pledge", "register_volunteer", "report_death_case"),
    }
)
"""Operations whose bodies name rows. Not among them: `relate`, for a relative may live anywhere; `add_member` and
`create_household`, for relief keeps no register of persons; `appoint`, for units are public."""

BEYOND = {
    "claim_bed": Role.INSTITUTION_ADMIN,  # names an elder before she is among the rows of the house
    "report_death_case": Role.FUNERAL_STAFF,  # is called to whoever has died
}
"""Whose work begins with somebody outside."""

pytestmark = [pytest.mark.plan("S-07", part="rows"), pytest.mark.prove]


def test_every_writing_route_is_tried(world: World) -> None:
    """A new one with a body needs a valid one, or it would be refused for the wrong reason."""
    assert uncovered(world.ways) == []


async def test_nobody_changes_what_is_not_hers(
    world: World, places: dict[str, Place], size: Any, record_property: Any
) -> None:
    """Each writing route under each role that may, in other places: answered like an unknown id, nothing changed."""
    positions, here = size(2, stated=3), places["here"]
    before = await world.fingerprint()
    checks = [
        check_write(world, way, who, here, Nowhere(here))
        for number, way in enumerate(world.ways)
        if way.writes and not way.is_public and way.op not in OWN
        for who in intruders(world, way, here, number, positions)
    ]
    faults = [fault for found in await world.all(checks) for fault in found]
    after = await world.fingerprint()
    changed = sorted(table for table in after if after[table] != before.get(table))
    record_property("writes", f"{len(checks)} tries, {len(after)} tables compared")
    assert not faults, "\n".join(faults[:30])
    assert changed == []


async def test_what_stands_elsewhere_cannot_be_drawn_into_ones_own_rows(world: World, places: dict[str, Place]) -> None:
    """Bodies that name rows: the path leads to the caller's own ground, the body to the story's village."""
    here, there = places["here"], places["there"]
    mixed, unknown = Place("mixed", there.area, there.town, dict(here.ids)), Nowhere(there)
    before, faults = await world.fingerprint(), []
    for way in world.ways:
        if not way.writes or way.op not in NAMES_ROWS:
            continue
        for role in world.allowed(way):
            if BEYOND.get(way.op) is role:
                continue
            who = Who(role, area=there.town, org=world.places.other_home, person=there["person_id"])
            answers = [
                await world.call(who, way, there.path(way), body_for(way.op, place, role)) for place in (mixed, unknown)
            ]
            if answers[0].told() != answers[1].told() or answers[0].status < 400:
                faults.append(f"{way.name} as {who}: {answers[0].text[:200]} / {answers[1].text[:200]}")
    assert not faults, "\n".join(faults)
    after = await world.fingerprint()
    assert [table for table in after if after[table] != before[table]] == []


async def test_candidates_are_sought_in_ones_own_area_only(world: World, places: dict[str, Place]) -> None:
    """A run over the caller's rows leaves all others as they were."""
    del places
    sql = "select count(*), sum(hashtextextended(s::text, 0)) from subsidy s where area_code not like '330903003%'"
    before = await world.rows("eldercare", sql)
    way = world.way("propose_subsidies")
    answer = await world.call(Who(Role.FINANCE_OFFICER, area="330903003000"), way, {}, {"month": month()})
    assert answer.body["proposed"] > 0
    assert await world.rows("eldercare", sql) == before


async def test_the_same_tries_reach_the_rows_where_they_are_ones_own(world: World, places: dict[str, Place]) -> None:
    """Without this, a refusal above might have been for a wrong body or a row that is not there. It changes much, and
    stands last."""
    here = places["here"]
    faults = []
    for way in world.ways:
        if way.writes and not way.is_public and way.op not in OWN:
            role = min(world.allowed(way), key=lambda one: one in PEOPLE | HOUSES)
            who = Who(role, area=DISTRICT, org=here["institution_id"], person=here["person_id"])
            faults += await check_inside(world, way, who, here)
    world.leaks.clear()  # people are made here whom the net does not know
    assert not faults, "\n".join(faults)
