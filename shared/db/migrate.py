"""Databases, logins and migrations. Run by an administrator's connection, never by a service's own login.

`bootstrap` makes the cluster-wide roles and one database per service; it may be run any number of times.
`upgrade` brings a database to the newest schema: the kernel's lineage first, then the service's own. Alembic writes
what is missing as one script, which goes to the server in one piece: thousands of statements sent one by one were
a fifth of a first start.
"""

import functools
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.db.policies import unprotected
from shared.db.principals import Scope
from shared.db.tables import KernelBase

_HERE = Path(__file__).parent
KERNEL_VERSIONS = _HERE.parent / "migrations" / "versions"

SESSION_REVOKED = """
create function kernel.session_revoked(session text) returns boolean language sql stable security definer
set search_path = kernel as $$ select exists (select 1 from revoked_session where session_id = session) $$
"""
"""Asked by every unit when it opens, before it has any row scope (design §9)."""

_ROLE = text("select 1 from pg_roles where rolname = :name")
_DATABASE = text("select 1 from pg_database where datname = :name")


def database_name(prefix: str, service: str) -> str:
    """`puyou_relief`."""
    return f"{prefix}_{service}"


def login_name(prefix: str, service: str) -> str:
    """`puyou_relief_app`: the only login a service process uses."""
    return f"{prefix}_{service}_app"


def quoted(name: str) -> str:
    """A database or role name of ours, ready for DDL; anything but letters, digits and _ is refused."""
    if not name.replace("_", "").isalnum():
        raise ValueError(f"not a plain database name: {name!r}")
    return f'"{name}"'


async def bootstrap(
    admin: URL, prefix: str, services: Sequence[str], password: str, *, template: str | None = None
) -> None:
    """Make scope roles, owners, logins and databases that are missing.

    `template` is the prefix of a migrated suite to copy the databases from (tests); nobody may be connected to it.
    """
    engine = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    literal = "'" + password.replace("'", "''") + "'"
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select pg_advisory_lock(7085)"))
            await make_scope_roles(connection)
            for service in services:
                name = database_name(prefix, service)
                await _make_role(connection, f"{name}_owner", "nologin")
                login = login_name(prefix, service)
                await _make_role(connection, login, "login noinherit")
                await connection.execute(text(f"alter role {quoted(login)} password {literal}"))
                for scope in Scope:
                    await connection.execute(text(f"grant {scope.value} to {quoted(login)}"))
                if not await connection.scalar(_DATABASE, {"name": name}):
                    source = database_name(template, service) if template else "template0"
                    how = "strategy file_copy" if template else "encoding 'UTF8'"
                    owner = quoted(name + "_owner")
                    await connection.execute(
                        text(f"create database {quoted(name)} owner {owner} template {quoted(source)} " + how)
                    )
                await connection.execute(text(f"revoke all on database {quoted(name)} from public"))
                await connection.execute(text(f"grant connect on database {quoted(name)} to {quoted(login)}"))
            await connection.execute(text("select pg_advisory_unlock(7085)"))
    finally:
        await engine.dispose()


async def make_scope_roles(connection: AsyncConnection) -> None:
    """The no-login roles whose rows a unit of work may see; one set per cluster."""
    for scope in Scope:
        await _make_role(connection, scope.value, "nologin")


async def _make_role(connection: AsyncConnection, name: str, kind: str) -> None:
    if not await connection.scalar(_ROLE, {"name": name}):
        await connection.execute(text(f"create role {quoted(name)} {kind}"))


async def upgrade(admin: URL, prefix: str, service: str, versions: Path) -> None:
    """Migrate one service's database to head, as its owner, in one transaction."""
    name = database_name(prefix, service)
    engine = create_async_engine(admin.set(database=name))
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(7086)"))
            await connection.execute(text("create extension if not exists btree_gist"))
            await connection.execute(text(f"set local role {quoted(name + '_owner')}"))
            await run_script(connection, _PREPARATION)
            await to_head(connection, "kernel", KERNEL_VERSIONS)
            await to_head(connection, "public", versions)
            faults = await connection.run_sync(unprotected)
            if faults:
                raise RuntimeError(f"{service}: tables without row security: {faults}")
    finally:
        await engine.dispose()


_PREPARATION = f"""
create schema if not exists kernel;
grant usage on schema kernel to public;
grant usage on schema public to {", ".join(scope.value for scope in Scope)}
"""
_VERSIONED = text("select to_regclass(:table) is not null")


async def to_head(connection: AsyncConnection, schema: str, versions: Path) -> None:
    """Run what the lineage in `versions` has and `schema` has not; its version table lies in `schema`."""
    current: str | None = None
    if await connection.scalar(_VERSIONED, {"table": f"{schema}.alembic_version"}):
        current = await connection.scalar(text(f"select version_num from {schema}.alembic_version"))  # noqa: S608
    await run_script(connection, _script(schema, versions, current))


async def run_script(connection: AsyncConnection, script: str) -> None:
    """Many statements in one piece, within the connection's transaction; none is no work."""
    if not script.strip():
        return
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.execute(script)


@functools.cache
def _script(schema: str, versions: Path, current: str | None) -> str:
    """The statements from `current` (None: nothing is there) to head."""
    from alembic.config import Config  # a fifth of a service's imports, and no service migrates
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy.dialects.postgresql import dialect

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    directory = ScriptDirectory.from_config(config)
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect=dialect(paramstyle="named"),  # type: ignore[no-untyped-call]  # others write % as %%
        opts={
            "as_sql": True,
            "output_buffer": written,
            "literal_binds": True,
            "starting_rev": current,
            "destination_rev": "head",
            "version_table_schema": schema,
            "fn": lambda revision, _context: directory._upgrade_revs("head", revision),  # noqa: SLF001 - as Alembic's
        },
    )
    with Operations.context(context):
        context.run_migrations()
    return written.getvalue()


def only_schema(schema: str) -> Any:
    """Alembic filter: look at one schema only (`public` is Alembic's None)."""

    def include(name: str | None, kind: str, _parents: Any) -> bool:
        if kind == "schema":
            return name == (None if schema == "public" else schema)
        return name != "alembic_version"

    return include


kernel_metadata = KernelBase.metadata
"""All kernel tables that have been imported."""
