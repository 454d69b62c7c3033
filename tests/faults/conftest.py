"""The ground the faults happen on: whole again after each test."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.db.migrate import database_name
from suite.compose import NAMES
from tests.cascades import Rows
from tests.faults.striking import Ground


@pytest.fixture(name="ground")
async def recovering(ground: Ground) -> AsyncIterator[Ground]:
    """Whatever a test has broken is mended."""
    yield ground
    await ground.recover()


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
