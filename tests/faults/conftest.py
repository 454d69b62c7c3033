"""The ground the faults happen on: one for the folder, as starting it is dear, and whole again after each fault."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.migrate import database_name
from suite.compose import NAMES
from tests.broker import Broker
from tests.cascades import Rows
from tests.faults.standing import on_shaky_ground
from tests.faults.striking import Ground


@pytest.fixture(scope="package")
async def standing_ground(broker_server: Broker, prefix: str, scratch: Path) -> AsyncIterator[Ground]:
    """A distributed suite on servers of its own."""
    folder = scratch / "ground"
    folder.mkdir(mode=0o711)
    async with on_shaky_ground(broker_server.node, f"{prefix}p", folder) as ground:
        yield ground


@pytest.fixture
async def ground(standing_ground: Ground) -> AsyncIterator[Ground]:
    """The same for a test that breaks something, which is mended afterwards."""
    yield standing_ground
    await standing_ground.recover()


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
