"""A service in two processes: one answers requests, one works. What the first leaves to be done wakes the second."""

import asyncio
import secrets

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.migrate import bootstrap, database_name
from shared.db.principals import Role
from shared.service import Part
from suite import servers
from tests.broker import eventually
from tests.kernel.conftest import running
from tests.kernel.toy.app import seen


async def tear_off_the_bell(admin: URL, name: str) -> None:
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        cut = await connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'bell' and datname = :name"
            ),
            {"name": database_name(name, "toy")},
        )
        assert len(cut.all()) == 1
    await engine.dispose()


async def test_a_request_in_one_process_wakes_the_loops_of_another(admin: URL, toy_databases: str) -> None:
    name = f"{toy_databases}{secrets.token_hex(2)}"
    await bootstrap(admin, name, ["toy"], "pw", template=toy_databases)
    try:
        async with running(name, admin, part=Part.WORKER) as worker, running(name, admin, part=Part.API) as api:
            for loop in worker.runtime.loops.values():
                loop.poll_seconds = 3600.0  # what happens now happens because it was rung for
            assert not api.runtime.loops
            await worker.runtime.start()
            await asyncio.sleep(1)
            await api.beds("b1")
            answer = await api.client.post(
                "/api/toy/beds/b1/claims", json={"personId": "p1"}, headers=api.headers(Role.TOWN_CLERK)
            )
            assert answer.status_code == 201
            began = asyncio.get_running_loop().time()
            await eventually(lambda: seen == [("p1", "b1")], seconds=5)
            assert asyncio.get_running_loop().time() - began < 2

            await tear_off_the_bell(admin, name)  # and hung up again
            await api.beds("b2")
            await api.client.post(
                "/api/toy/beds/b2/claims", json={"personId": "p2"}, headers=api.headers(Role.TOWN_CLERK)
            )
            await eventually(lambda: ("p2", "b2") in seen, seconds=10)
    finally:
        await servers.drop(admin, name, ["toy"])


async def test_a_worker_answers_nothing_but_health_and_metrics(admin: URL, toy_databases: str) -> None:
    name = f"{toy_databases}{secrets.token_hex(2)}"
    await bootstrap(admin, name, ["toy"], "pw", template=toy_databases)
    try:
        async with running(name, admin, part=Part.WORKER) as worker:
            assert (await worker.client.get("/health/ready")).status_code == 200
            assert "puyou_outbox_oldest_seconds" in (await worker.client.get("/metrics")).text
            refused = await worker.client.get("/api/toy/beds", headers=worker.headers(Role.TOWN_CLERK))
            assert refused.status_code == 404
    finally:
        await servers.drop(admin, name, ["toy"])
