"""The keeper on a real database."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.kernel.files.keeper.app import SPEC
from tests.service_fixture import Stand, prepared, standing


@pytest.fixture(scope="session")
async def keeper_template(admin: URL, prefix: str) -> AsyncIterator[str]:
    async with prepared(admin, prefix, SPEC) as template:
        yield template


@pytest.fixture
async def keeper(admin: URL, keeper_template: str) -> AsyncIterator[Stand]:
    async with standing(admin, keeper_template, SPEC) as stand:
        yield stand


@pytest.fixture
def owner_of_tables(admin: URL, keeper: Stand) -> Callable[[str], Awaitable[None]]:
    """Run a statement as somebody who is past all policies and grants."""

    async def run(statement: str) -> None:
        engine = create_async_engine(admin.set(database=keeper.runtime.database.url.database))
        try:
            async with engine.begin() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    return run
