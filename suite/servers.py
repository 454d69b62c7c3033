"""Making a suite's databases on a server: roles, one database per service, migrations, template copies for tests."""

from collections.abc import Sequence

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.migrate import bootstrap, database_name, login_name, upgrade
from shared.service import ServiceSpec


async def prepare(admin: URL, prefix: str, specs: Sequence[ServiceSpec], password: str) -> None:
    """Everything the services need on this server; may be run any number of times."""
    await bootstrap(admin, prefix, [spec.name for spec in specs], password)
    for spec in specs:
        await upgrade(admin, prefix, spec.name, spec.migrations)


async def copy(admin: URL, template: str, prefix: str, services: Sequence[str], password: str) -> None:
    """A fresh suite of databases from migrated ones; nobody may be connected to the template."""
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    literal = "'" + password.replace("'", "''") + "'"
    async with engine.connect() as connection:
        for service in services:
            name, login = database_name(prefix, service), login_name(prefix, service)
            await connection.execute(text(f'create role "{login}" login noinherit password {literal}'))
            scopes = "puyou_scope_area, puyou_scope_org, puyou_scope_person, puyou_scope_system"
            await connection.execute(text(f'grant {scopes} to "{login}"'))
            await connection.execute(
                text(f'create database "{name}" template "{database_name(template, service)}" strategy file_copy')
            )
            await connection.execute(text(f'revoke all on database "{name}" from public'))
            await connection.execute(text(f'grant connect on database "{name}" to "{login}"'))
    await engine.dispose()


async def drop(admin: URL, prefix: str, services: Sequence[str]) -> None:
    """Remove the databases and logins of a test run."""
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for service in services:
            name = database_name(prefix, service)
            await connection.execute(text(f'drop database if exists "{name}" with (force)'))
            await connection.execute(text(f'drop role if exists "{login_name(prefix, service)}"'))
            await connection.execute(text(f'drop role if exists "{name}_owner"'))
    await engine.dispose()
