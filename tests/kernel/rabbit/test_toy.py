"""A whole service on RabbitMQ: what happens to its events when something on the way breaks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import crash
from shared.db.migrate import database_name, quoted
from shared.db.principals import Role
from tests.broker import Broker, eventually
from tests.kernel.conftest import SYSTEM, Toy
from tests.kernel.toy.app import BedClaimed, seen

pytestmark = [pytest.mark.broker, pytest.mark.parametrize("toy", ["rabbit"], indirect=True)]

ADMIN = Role.SYSTEM_ADMIN


async def emit(toy: Toy, numbers: range, persons: int = 7) -> None:
    async with toy.runtime.database.unit(SYSTEM, "test") as unit:
        unit.audited = False
        for number in numbers:
            unit.emit(BedClaimed(bed_id=str(number), person_id=f"p{number % persons}"), area_code="330903100001")


def up(direction: str) -> float | None:
    return REGISTRY.get_sample_value("puyou_broker_up", {"service": "toy", "direction": direction})


def blocked() -> float | None:
    return REGISTRY.get_sample_value("puyou_broker_blocked", {"service": "toy"})


async def is_done(toy: Toy, count: int) -> bool:
    return await toy.scalar("select count(*) from kernel.inbox where state = 'done'") == count


async def assert_once_and_in_order(toy: Toy, count: int) -> None:
    """An effect in the database was made once for each; the list in memory also keeps what was rolled back."""
    audited = await toy.scalar("select count(*) from kernel.audit where action = 'toy.inbox:toy.bed.claimed.v1'")
    assert audited == count
    for person in {who for who, _ in seen}:
        beds = list(dict.fromkeys(int(bed) for who, bed in reversed(seen) if who == person))
        assert beds == sorted(beds, reverse=True)


@pytest.mark.faults
async def test_killing_the_node_under_load_loses_and_doubles_nothing(toy: Toy, broker: Broker, size) -> None:
    count, kills = size(600, stated=6000), size(1, stated=4)
    await asyncio.sleep(3)  # RabbitMQ 3.10 writes down a new quorum queue's place within seconds, not at once
    toy.begin_to_work()

    async def load() -> None:
        for start in range(0, count, 5):
            await emit(toy, range(start, start + 5))
            await asyncio.sleep(0.01)

    loading = asyncio.create_task(load())
    for _ in range(kills):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(broker.node.kill)
        await asyncio.to_thread(broker.node.start)
    await loading
    await eventually(lambda: is_done(toy, count), seconds=90)
    await assert_once_and_in_order(toy, count)


@pytest.mark.faults
async def test_while_the_broker_is_away_requests_are_answered_and_events_wait(toy: Toy, broker: Broker) -> None:
    toy.begin_to_work()
    await toy.beds("b1", "b2")
    await asyncio.to_thread(broker.node.stop)
    loop = asyncio.get_running_loop()
    began = loop.time()
    headers = toy.headers(Role.TOWN_CLERK)
    answer = await toy.client.post("/api/toy/beds/b1/claims", json={"personId": "p1"}, headers=headers)
    assert answer.status_code == 201
    assert loop.time() - began < 2
    await eventually(lambda: (up("publish"), up("consume")) == (0, 0))
    assert seen == []
    await asyncio.to_thread(broker.node.start)
    await eventually(lambda: seen == [("p1", "b1")])
    await eventually(lambda: (up("publish"), up("consume")) == (1, 1))


@pytest.mark.faults
async def test_a_full_disk_at_the_broker_holds_up_no_request(toy: Toy, broker: Broker, confirm_seconds: float) -> None:
    """The broker stops reading what is published (an alarm); nothing but the relay notices."""
    toy.begin_to_work()
    beds = [f"b{number}" for number in range(20)]
    await toy.beds(*beds)
    await asyncio.to_thread(broker.node.control, "set_disk_free_limit", "900000GB")
    try:
        headers = toy.headers(Role.TOWN_CLERK)
        loop = asyncio.get_running_loop()
        for bed in beds:
            began = loop.time()
            answer = await toy.client.post(f"/api/toy/beds/{bed}/claims", json={"personId": "p1"}, headers=headers)
            assert answer.status_code == 201
            assert loop.time() - began < 2
        await eventually(lambda: blocked() == 1, seconds=5)  # said by the broker, long before a confirmation is late
        assert (up("publish"), up("consume")) == (0, 1)
        await asyncio.sleep(1.2 * confirm_seconds)
        assert blocked() == 1
        assert (await toy.client.get("/api/toy/beds", headers=headers)).status_code == 200
        assert await toy.scalar("select count(*) from kernel.outbox where sent_at is null") == 20
    finally:
        await asyncio.to_thread(broker.node.control, "set_disk_free_limit", "50MB")
    await eventually(lambda: is_done(toy, 20), seconds=60)
    assert seen == [("p1", bed) for bed in beds]
    assert (up("publish"), up("consume"), blocked()) == (1, 1, 0)


@asynccontextmanager
async def database_away(admin: URL, toy: Toy) -> AsyncIterator[None]:
    """Nobody gets into the service's database, and who was in it is out."""
    name = quoted(database_name(toy.runtime.settings.database_prefix, "toy"))
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"alter database {name} allow_connections false"))
        try:
            await connection.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"),
                {"name": name.strip('"')},
            )
            yield
        finally:
            await connection.execute(text(f"alter database {name} allow_connections true"))
    await engine.dispose()


@pytest.mark.faults
async def test_a_consumer_whose_database_is_away_leaves_messages_in_the_queue(
    toy: Toy, broker: Broker, admin: URL
) -> None:
    await emit(toy, range(50))
    await toy.settle()
    prefix = toy.runtime.settings.database_prefix
    sent = await toy.scalar("select array_agg(envelope order by seq) from kernel.outbox")
    again = [
        json.dumps(json.loads(body) | {"id": f"again-{n}"}).encode() for n, body in enumerate(cast("list[str]", sent))
    ]
    async with database_away(admin, toy):
        await broker.send(prefix, "toy.bed.claimed.v1", *again)
        await eventually(lambda: up("consume") == 0)
        await asyncio.sleep(2)
        assert await broker.waiting(prefix, "toy") == 50
        assert up("consume") == 0
    toy.begin_to_work()
    await eventually(lambda: is_done(toy, 100))
    came = [bed for _, bed in seen][-50:]
    for person in range(7):
        assert [bed for bed in came if int(bed) % 7 == person] == [str(n) for n in range(50) if n % 7 == person]


async def test_what_is_no_event_is_parked_with_its_reason_and_the_others_flow(toy: Toy, broker: Broker) -> None:
    prefix = toy.runtime.settings.database_prefix
    await broker.send(prefix, "toy.bed.claimed.v1", b"\xff no event", b'{"id": "1", "name": "330999199001010018"}')
    await emit(toy, range(3))
    await toy.settle()
    assert len(seen) == 3
    headers = toy.headers(ADMIN)
    await eventually(lambda: toy.scalar("select count(*) = 2 from kernel.inbox where state = 'parked'"))
    parked = (await toy.client.get("/api/toy/operations/parked", headers=headers)).json()["items"]
    assert [event["type"] for event in parked] == ["unreadable", "unreadable"]
    assert all("no envelope" in event["error"] for event in parked)
    assert "330999" not in str(parked)
    assert (REGISTRY.get_sample_value("puyou_broker_unreadable_total", {"service": "toy"}) or 0) >= 2

    path = f"/api/toy/operations/parked/{parked[0]['id']}"
    refused = await toy.client.post(f"{path}/replay", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "unreadable_event")
    assert (await toy.client.post("/api/toy/operations/parked/all/replay", headers=headers)).json() == {"replayed": 0}
    assert (await toy.client.post(f"{path}/discard", headers=headers)).json() == {"discarded": 1}
    assert (await toy.client.post(f"{path}/discard", headers=headers)).status_code == 404
    assert await toy.scalar("select count(*) from kernel.inbox where state = 'parked'") == 1


async def test_an_event_cannot_be_discarded(toy: Toy, broker: Broker) -> None:
    await emit(toy, range(1))
    await toy.settle()
    event = await toy.scalar("select id from kernel.inbox")
    answer = await toy.client.post(f"/api/toy/operations/parked/{event}/discard", headers=toy.headers(ADMIN))
    assert answer.status_code == 404


async def test_events_nobody_handles_any_more_are_done_and_never_parked(toy: Toy, broker: Broker) -> None:
    """A binding of an older version may still bring them."""
    envelope = {
        "id": "old-1", "source": "toy", "type": "toy.bed.forgotten.v1", "subject": "p1",
        "time": "2026-11-27T08:00:00Z", "data": {},
    }  # fmt: skip
    prefix = toy.runtime.settings.database_prefix
    await broker.send(prefix, "toy.bed.claimed.v1", json.dumps(envelope).encode())
    toy.begin_to_work()
    await eventually(lambda: is_done(toy, 1))


@pytest.mark.faults
@pytest.mark.parametrize("point", ["toy.inbox:receive:before_commit", "toy.inbox:receive:after_commit"])
async def test_a_consumer_that_dies_between_insert_and_acknowledgement(toy: Toy, point: str) -> None:
    hits = iter(range(1000))

    def die(reached: str) -> None:
        if reached == point and next(hits) == 0:
            raise crash.Crash(point)

    await emit(toy, range(40))
    crash.install(die)
    try:
        await toy.runtime.loops["relay"].work()
        await eventually(lambda: next(hits) > 1)
    finally:
        crash.install(None)
    await toy.runtime.transport.stop("toy")
    await toy.runtime.transport.start("toy")
    await toy.settle()
    assert await is_done(toy, 40)
    await assert_once_and_in_order(toy, 40)
