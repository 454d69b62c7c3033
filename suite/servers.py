"""Making and removing a suite's databases on a PostgreSQL server."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.migrate import bootstrap, database_name, login_name, quoted, upgrade
from shared.service import ServiceSpec


async def prepare(admin: URL, prefix: str, specs: Sequence[ServiceSpec], password: str) -> None:
    """Everything the services need on this server; may be run any number of times."""
    await bootstrap(admin, prefix, [spec.name for spec in specs], password)
    await migrate(admin, prefix, specs)


async def migrate(admin: URL, prefix: str, specs: Sequence[ServiceSpec]) -> None:
    """Bring every database that is there to the newest schema."""
    await asyncio.gather(*(upgrade(admin, prefix, spec.name, spec.migrations) for spec in specs))


async def drop(admin: URL, prefix: str, services: Sequence[str]) -> None:
    """Remove the databases and logins of a test run."""
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for service in services:
            name = database_name(prefix, service)
            await connection.execute(text(f"drop database if exists {quoted(name)} with (force)"))
            for role in (login_name(prefix, service), f"{name}_owner"):
                await connection.execute(text(f"drop role if exists {quoted(role)}"))
    await engine.dispose()


async def analyse(admin: URL, prefix: str, services: Sequence[str]) -> None:
    """Tell the planner what a bulk load has brought; a service's own login may not."""
    for service in services:
        engine = create_async_engine(admin.set(database=database_name(prefix, service)), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text("analyze"))
        await engine.dispose()
