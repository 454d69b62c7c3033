"""What nobody may see in the clear: not the administrators, not an operator before an error, not who holds a disk."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from shared import clock
from shared.db.principals import Role
from shared.events import Envelope
from shared.events.transport import Message
from shared.ids import uuid7
from suite.seed.places import DISTRICT
from tests.journeys.rows.furniture import Place
from tests.journeys.rows.who import Who
from tests.journeys.rows.world import ADMINISTRATORS, BANK_CARD, ID_NUMBER, NAME, PERSON, PHONE, World

pytestmark = pytest.mark.plan("S-06", part="rows")


async def test_administrators_see_no_person(world: World, places: dict[str, Place], record_property: Any) -> None:
    """Everything the three may read, page after page: no name, number or telephone; an opaque id in the log alone."""
    await park_a_failure(world, "eldercare", places["here"]["relative_id"])
    seen = 0
    for way in world.ways:
        if way.method != "GET" or way.is_public:
            continue
        for role in sorted(ADMINISTRATORS & set(world.allowed(way))):
            for place in (places["here"], places["there"]):
                answer = await world.call(Who(role, area=DISTRICT), way, place.path(way))
                assert answer.status == 200 or way.op == "get_me", (way.name, role, answer.text)
                seen += 1
    record_property("administrators", f"{seen} answers searched")
    assert seen > 50


async def test_an_operator_learns_why_an_event_failed_and_not_of_whom(world: World, places: dict[str, Place]) -> None:
    """A parked event shows its error without the row it stumbled over."""
    person = places["here"]["person_id"]
    event_id = await park_a_failure(world, "eldercare", person)
    way = world.way("eldercare_list_parked_events")
    answer = await world.call(Who(Role.SYSTEM_ADMIN, area=DISTRICT), way, limit="100")
    [parked] = [item for item in answer.body["items"] if item["id"] == event_id]
    assert "Error" in parked["error"]
    assert person not in answer.text
    assert "1951-02-03" not in answer.text
    assert "没有号码的人" not in answer.text


async def park_a_failure(world: World, service: str, person_id: str) -> str:
    """Let a service stumble over an event about a person until it asks for a human; the event's id."""
    runtime = world.scene.suite.runtime(service)
    data = {"personId": person_id, "areaCode": "33\0没有号码的人", "birth": "1951-02-03", "sex": 1}
    kind = "brain.person.registered.v1"
    envelope = Envelope(id=uuid7(), source="brain", type=kind, subject=person_id, time=clock.now(), data=data)
    await runtime.inbox.receive([Message(envelope.id, kind, envelope.stream, envelope.model_dump_json())])
    async with world.owner(service) as connection:
        await connection.execute(text("update kernel.inbox set attempts = 90 where id = :id"), {"id": envelope.id})
    await runtime.inbox.work()
    [(state, error)] = await world.rows(service, "select state, error from kernel.inbox where id = :id", id=envelope.id)
    assert state == "parked", (state, error)
    return envelope.id


async def test_unmasking_needs_a_reason_and_leaves_a_trace(world: World, places: dict[str, Place]) -> None:
    """Each unmask route: 422 without a reason; with one, the audit row says who, whom, why and which grade."""
    here, tried = places["here"], 0
    for way in world.ways:
        if way.route.permit.kind != "unmask":
            continue
        role = world.allowed(way)[-1]
        who = Who(role, area=DISTRICT, org=here["institution_id"], person=here["person_id"])
        refused = await world.call(who, way, here.path(way), reason="")
        assert (refused.status, refused.code) == (422, "reason_required"), way.name
        answer = await world.call(who, way, here.path(way), reason="家属来电核对")
        if answer.status == 200:
            sql = (
                "select role, reason, grade, outcome from kernel.audit where action = :action and reason <> ''"
                " order by id desc limit 1"
            )
            [row] = await world.rows(way.service, sql, action=f"{way.service}:{way.op}")
            assert row == (role.value, "家属来电核对", "L4", "done"), way.name
            tried += 1
    assert tried >= 2


_SEALED = r"\\\\?x[0-9a-f]+"
"""Bytes as PostgreSQL writes them out."""

_CLEAR = {"ID numbers": ID_NUMBER, "bank cards": BANK_CARD, "names": NAME, "telephone numbers": PHONE}


async def test_the_databases_hold_no_name_or_number_in_the_clear(
    world: World, places: dict[str, Place], record_property: Any
) -> None:
    """Whoever carries a disk away reads no one's name, number, card or telephone: not in any column of any table, not
    in events under way, not in the log."""
    del places
    found, tables = [], 0
    for service in world.scene.suite.apps:
        logs = [f"kernel.{name}" for name in ("audit", "audit_block", "audit_root")]
        for table in [*(await world.tables(service)), *logs]:
            tables += 1
            for what, pattern in _CLEAR.items():
                sql = (
                    f"select left(plain, 300) from (select regexp_replace(t::text, :sealed, '', 'g') as plain"
                    f" from {table} t) c where plain ~ :pattern limit 1"
                )
                rows = await world.rows(service, sql, pattern=pattern.pattern, sealed=_SEALED)
                found += [f"{service} {table}: {what}: {row[0]}" for row in rows]
    record_property("tables", tables)
    assert not found, "\n".join(found)


def test_the_patterns_find_what_they_are_for(world: World) -> None:
    """Or all the searching would be for nothing."""
    story = world.scene.story[0]
    assert ID_NUMBER.fullmatch(story["idNumber"])
    assert NAME.fullmatch(story["name"])
    assert PERSON.fullmatch(story["personId"])
    assert PHONE.search("电话13900000001。")
    assert BANK_CARD.search("6228480360000000013")
    assert not re.search(NAME, "六横示例村01")
