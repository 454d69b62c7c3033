"""A person moves to another town: her rows go with her, or stay where money was paid; nothing is left in between."""

import pytest

from shared.db.principals import Role
from suite.seed.places import DISTRICT
from tests.journeys.rows.furniture import Place, days_ago
from tests.journeys.rows.who import Who
from tests.journeys.rows.world import World

pytestmark = pytest.mark.plan("S-07", part="rows")

_PERSONAL = (
    "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c"
    " join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'kernel') and c.relkind = 'r'"
    " and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'person_id')"
    " and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'area_code') order by 1"
)

STAY = {
    "eldercare kernel.decision": "the office that decided answers for it",
    "eldercare kernel.payment_line": "paid by the town she lived in",
    "relief public.member": "her family's household stays where the family lives",
    "charity public.points_entry": "the ledger says where it happened",
    "charity public.points_movement": "the ledger says where it happened",
}
"""What a move leaves where it was, and why."""


async def test_her_rows_follow_her(world: World, places: dict[str, Place]) -> None:
    person = world.scene.story[20]["personId"]
    body = {"toArea": places["there"].area, "onDate": days_ago(0)}
    clerk = Who(Role.DISTRICT_OFFICER, area=DISTRICT)
    answer = await world.call(clerk, world.way("move_person"), {"person_id": person}, body)
    assert answer.status == 201, answer.text
    await world.settle()
    left = []
    for service in world.scene.suite.apps:
        for (table,) in await world.rows(service, _PERSONAL):
            sql = f"select count(*) from {table} where person_id = :person and area_code = :old"
            [(count,)] = await world.rows(service, sql, person=person, old=places["here"].area)
            if count:
                left.append(f"{service} {table}")
    assert set(left) == set(STAY), left
