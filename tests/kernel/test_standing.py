"""The gauges of a worker: there while they are true, gone when nobody can measure them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest
from prometheus_client import REGISTRY, Gauge
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared import clock, standing
from shared.db.migrate import bootstrap, database_name, quoted
from shared.db.principals import Role
from shared.events.timers import set_timer
from shared.observability import metrics
from shared.service import Part
from suite import servers
from tests.broker import eventually
from tests.kernel.conftest import SYSTEM, Toy, running
from tests.kernel.toy.app import BedClaimed, poison, seen

STANDING = [one for one in vars(metrics).values() if isinstance(one, Gauge)]
NOT_FROM_THE_DATABASE = ("puyou_broker_up", "puyou_broker_blocked", "puyou_loop_round_timestamp_seconds")


def shown() -> dict[str, float]:
    """What /metrics shows of the toy, by name."""
    return {
        sample.name: sample.value
        for family in REGISTRY.collect()
        if family.name.startswith("puyou_")
        for sample in family.samples
        if sample.labels.get("service") == "toy"
    }


def measured() -> set[str]:
    """The gauges a measurement has set."""
    gauges = {family.name for gauge in STANDING for family in gauge.collect()}
    return (gauges & shown().keys()) - set(NOT_FROM_THE_DATABASE)


def came_round(loop: str, since: float) -> bool:
    labels = {"service": "toy", "loop": loop}
    return (REGISTRY.get_sample_value("puyou_loop_round_timestamp_seconds", labels) or 0) >= since


@asynccontextmanager
async def toy_process(admin: URL, template: str, part: Part) -> AsyncIterator[Toy]:
    name = f"{template}{secrets.token_hex(2)}"
    await bootstrap(admin, name, ["toy"], "pw", template=template)
    try:
        async with running(name, admin, part=part) as toy:
            yield toy
    finally:
        await servers.drop(admin, name, ["toy"])


@asynccontextmanager
async def nobody_gets_in(admin: URL, toy: Toy) -> AsyncIterator[None]:
    name = database_name(toy.runtime.settings.database_prefix, "toy")
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"alter database {quoted(name)} allow_connections false"))
        cut = text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name")
        await connection.execute(cut, {"name": name})
        yield
        await connection.execute(text(f"alter database {quoted(name)} allow_connections true"))
    await engine.dispose()


async def test_every_gauge_of_the_database_is_measured_and_says_what_is_there(admin: URL, toy_databases: str) -> None:
    async with toy_process(admin, toy_databases, Part.WORKER) as toy:
        poison.add("p1")
        async with toy.runtime.database.unit(SYSTEM, "test") as unit:
            unit.emit(BedClaimed(bed_id="1", person_id="p1"), area_code="330903100001")
        await toy.settle()  # it fails once and is blocked
        async with toy.runtime.database.unit(SYSTEM, "test") as unit:
            unit.emit(BedClaimed(bed_id="2", person_id="p1"), area_code="330903100001")
            await set_timer(unit, "claim.old", "b1", unit.now + timedelta(seconds=10))
            await set_timer(unit, "claim.old", "b2", unit.now + timedelta(days=10))
        clock.shift(timedelta(seconds=30))
        await toy.runtime.loops["standing"].work()
        found = shown()
        assert measured() == {family.name for gauge in STANDING for family in gauge.collect()} - {
            *NOT_FROM_THE_DATABASE
        }
        assert found["puyou_database_up"] == 1
        assert 30 <= found["puyou_outbox_oldest_seconds"] < 60
        assert 30 <= found["puyou_inbox_oldest_seconds"] < 60
        assert 20 <= found["puyou_timer_oldest_seconds"] < 50
        assert (found["puyou_inbox_pending"], found["puyou_blocked_subjects"], found["puyou_inbox_parked"]) == (1, 1, 0)
        assert found["puyou_audit_unsealed"] >= 2
    assert measured() == set()  # a process that has ended its work says nothing of it


async def test_an_api_process_measures_nothing_but_its_requests_and_waits(admin: URL, toy_databases: str) -> None:
    async with toy_process(admin, toy_databases, Part.API) as toy:
        before = shown().get("puyou_pool_wait_seconds_count", 0)
        assert (await toy.client.get("/api/toy/beds", headers=toy.headers(Role.TOWN_CLERK))).status_code == 200
        page = (await toy.client.get("/metrics")).text
        assert 'puyou_pool_wait_seconds_count{pool="api",service="toy"}' in page
        assert 'puyou_request_seconds_count{method="GET",route="/api/toy/beds",service="toy",status="200"}' in page
        assert measured() == set()
        assert shown().get("puyou_pool_wait_seconds_count", 0) >= before


@pytest.mark.faults
async def test_no_value_outlives_the_database_it_came_from(admin: URL, toy_databases: str) -> None:
    async with toy_process(admin, toy_databases, Part.WORKER) as toy:
        toy.begin_to_work()
        await eventually(lambda: shown().get("puyou_database_up") == 1)
        failures = {"service": "toy", "loop": "standing"}
        failed = REGISTRY.get_sample_value("puyou_loop_failures_total", failures) or 0
        async with nobody_gets_in(admin, toy):
            await eventually(lambda: shown().get("puyou_database_up") == 0)
            assert measured() == {"puyou_database_up"}
            await eventually(
                lambda: (REGISTRY.get_sample_value("puyou_loop_failures_total", failures) or 0) > failed, seconds=10
            )
        await eventually(lambda: shown().get("puyou_database_up") == 1)
        assert "puyou_outbox_oldest_seconds" in measured()


async def test_no_value_outlives_a_measurement_that_hangs(
    admin: URL, toy_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "STALE_SECONDS", 0.3)
    async with toy_process(admin, toy_databases, Part.WORKER) as toy:
        await toy.runtime.loops["standing"].work()
        assert shown()["puyou_database_up"] == 1
        await asyncio.sleep(0.5)  # and nobody comes round
        assert (measured(), shown()["puyou_database_up"]) == ({"puyou_database_up"}, 0)


async def test_a_loop_says_when_it_last_came_round(admin: URL, toy_databases: str) -> None:
    async with toy_process(admin, toy_databases, Part.WORKER) as toy:
        began = clock.real().timestamp()
        toy.begin_to_work()
        for loop in toy.runtime.loops:
            await eventually(partial(came_round, loop, began))


async def test_who_was_not_woken_is_woken_by_the_standing(admin: URL, toy_databases: str) -> None:
    async with toy_process(admin, toy_databases, Part.WORKER) as toy:
        for name, loop in toy.runtime.loops.items():
            loop.poll_seconds = 0.05 if name == "standing" else 3600.0
        began = clock.real().timestamp()
        toy.begin_to_work()
        for name in toy.runtime.loops:
            await eventually(partial(came_round, name, began))
        async with toy.runtime.database.unit(SYSTEM, "test") as unit:
            unit.emit(BedClaimed(bed_id="1", person_id="p1"), area_code="330903100001")
            await set_timer(unit, "claim.old", "b1", unit.now + timedelta(seconds=0.5))
            unit.wakes.clear()  # as if the process had died before it could wake anyone
        await eventually(lambda: seen == [("p1", "1"), ("timer", "b1")])

        async def is_sealed() -> bool:
            return bool(await toy.scalar("select count(*) from kernel.audit_block"))

        await eventually(is_sealed)
