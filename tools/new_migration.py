"""Write the next migration of a lineage from the difference between the tables in the code and its head.

    python tools/new_migration.py kernel "first tables"
    python tools/new_migration.py relief "benefit cases"

Needs an administrator's address of any PostgreSQL server (`--admin`); works in a database of its own and drops it.
Row policies come from `__scopes__` of each new table. Read the result before you commit it: landed migrations
are never edited.
"""

import argparse
import asyncio
import importlib
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from shared.db import migrate  # noqa: E402
from shared.db.tables import KernelBase, Rows  # noqa: E402

_TEMPLATE = '''"""{message}."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from shared.db.policies import protect
from shared.db.tables import Rows

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """{message}."""
    {upgrade}


def downgrade() -> None:
    """Undo."""
    {downgrade}
'''


def _tables(lineage: str) -> tuple[type[SQLModel], str, Path]:
    if lineage == "kernel":
        importlib.import_module("shared.kernel_tables")
        return KernelBase, "kernel", migrate.KERNEL_VERSIONS
    folder = ROOT / "services" / lineage
    for path in sorted(folder.rglob("tables.py")):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    base = importlib.import_module(f"services.{lineage}.base").Base
    return base, "public", folder / "migrations" / "versions"


def _scopes(base: type[SQLModel]) -> dict[str, Rows]:
    return {sub.__table__.name: sub.__scopes__ for sub in base.__subclasses__() if hasattr(sub, "__table__")}  # type: ignore[attr-defined]


def _write(connection: Connection, lineage: str, message: str) -> Path | None:
    base, schema, versions = _tables(lineage)
    numbers = sorted(path.name[:4] for path in versions.glob("[0-9]*.py"))
    metadata: MetaData = base.metadata
    context = MigrationContext.configure(
        connection,
        opts={"include_schemas": True, "include_name": migrate.only_schema(schema), "compare_type": True},
    )
    script = produce_migrations(context, metadata)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    if script.upgrade_ops.is_empty():
        return None
    upgrade = render_python_code(script.upgrade_ops)
    upgrade += _policies(upgrade, _scopes(base), schema)
    if lineage == "kernel" and not numbers:
        upgrade += f"\n    op.execute({migrate.SESSION_REVOKED!r})"
    revision = f"{int(numbers[-1]) + 1 if numbers else 1:04d}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    path = versions / f"{revision}_{slug}.py"
    values: dict[str, Any] = {
        "message": message[0].upper() + message[1:],
        "revision": revision,
        "down": f'"{numbers[-1]}"' if numbers else None,
        "upgrade": upgrade.strip(),
        "downgrade": render_python_code(script.downgrade_ops).strip(),
    }
    path.write_text(_TEMPLATE.format(**values), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix-only", "-q", path], check=False)
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", path], check=True)
    return path


def _policies(upgrade: str, scopes: dict[str, Rows], schema: str) -> str:
    made = re.findall(r"op\.create_table\(\s*'([^']+)'", upgrade)
    return "".join(f'\n    protect(op, "{table}", {_call(scopes[table])}, "{schema}")' for table in made)


def _call(rows: Rows) -> str:
    default = Rows()
    chosen = [
        f"{name}={getattr(rows, name)!r}" for name in Rows.__slots__ if getattr(rows, name) != getattr(default, name)
    ]
    return f"Rows({', '.join(chosen)})"


async def _run(admin: URL, lineage: str, message: str) -> Path | None:
    name = f"puyou_draft_{secrets.token_hex(4)}"
    server = create_async_engine(admin, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        await migrate.make_scope_roles(connection)
        await connection.execute(text(f"create database {name} template template0 encoding 'UTF8'"))
    draft = create_async_engine(admin.set(database=name))
    try:
        async with draft.begin() as connection:
            await connection.execute(text("create extension if not exists btree_gist"))
            await connection.execute(text("create schema if not exists kernel"))
            _, schema, versions = _tables(lineage)
            versions.mkdir(parents=True, exist_ok=True)
            if any(versions.glob("[0-9]*.py")):
                await migrate.to_head(connection, schema, versions)
            return await connection.run_sync(_write, lineage, message)
    finally:
        await draft.dispose()
        async with server.connect() as connection:
            await connection.execute(text(f"drop database {name}"))
        await server.dispose()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lineage")
    parser.add_argument("message")
    parser.add_argument("--admin", default="postgresql+asyncpg://postgres@127.0.0.1:5432/postgres")
    arguments = parser.parse_args()
    path = asyncio.run(_run(make_url(arguments.admin), arguments.lineage, arguments.message))
    print(path or "nothing to do")


if __name__ == "__main__":
    main()
