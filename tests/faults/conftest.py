"""A distributed suite on servers of its own, with lines to them that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.migrate import database_name
from shared.settings import Settings
from suite.compose import NAMES
from suite.distributed import preparing
from suite.distributed.launching import launching
from tests.broker import Broker
from tests.cascades import Rows
from tests.faults.database import DatabaseServer
from tests.faults.proxy import Proxy
from tests.faults.schedule import BROKER, DATABASE
from tests.faults.striking import Ground

_RATES = {f"PUYOU_GATEWAY_{which}_RATE": "1000000/minute" for which in ("ACCOUNT", "ADDRESS", "SIGN_IN")}
_QUEUES_KNOWN_SECONDS = 4.0  # RabbitMQ 3.10 writes down a new quorum queue's place within seconds, not at once


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """A PostgreSQL nobody else uses."""
    server = DatabaseServer(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
async def ground(
    server: DatabaseServer, broker_server: Broker, prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ground]:
    """The suite, running; afterwards no process, database, login or queue of it is left."""
    node = broker_server.node
    lines = {BROKER: Proxy(node.port), DATABASE: Proxy(server.admin.port or 0)}
    for line in lines.values():
        await line.start()
    settings = Settings(
        env="test",
        home=tmp_path_factory.mktemp("faults"),
        port=0,
        database_admin=server.admin.render_as_string(hide_password=False),
        database_host="127.0.0.1",
        database_port=lines[DATABASE].port,
        database_prefix=f"{prefix}f",
        broker_url=f"amqp://guest:guest@127.0.0.1:{lines[BROKER].port}/",
    )
    async with launching(settings, say=lambda _: None, extra=_RATES) as suite:
        await asyncio.sleep(_QUEUES_KNOWN_SECONDS)
        ground = Ground(suite, node, server, lines)
        yield ground
        await ground.recover()
    assert not any(keeper.pids for keeper in suite.keepers.values())
    await preparing.remove(suite.settings)
    for line in lines.values():
        await line.stop()


@pytest.fixture
async def rows(ground: Ground) -> Rows:
    """The databases as their administrator sees them; no service and no proxy stands between."""
    engines: dict[str, AsyncEngine] = {
        name: create_async_engine(
            ground.database.admin.set(database=database_name(ground.suite.settings.database_prefix, name)),
            poolclass=NullPool,
        )
        for name in NAMES
    }

    async def read(service: str, sql: str, **params: object) -> list[tuple[object, ...]]:
        async with engines[service].connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), params)]

    return read
