"""A database keeps its data on the way to the newest schema, from whatever revision it stands at."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.db.migrate import database_name, upgrade
from suite import servers
from tests.kernel.toy.app import SPEC

_ONE_BEHIND = (
    "drop function kernel.note(jsonb)",
    "update kernel.alembic_version set version_num = '0003' where version_num = '0004'",
    "insert into bed (id, area_code, org_id) values ('b1', '330903100001', 'o1')",
)
_STANDS = text("select version_num, to_regprocedure('kernel.note(jsonb)') is not null from kernel.alembic_version")
_HALF = """\"\"\"Half.\"\"\"
from alembic import op
revision, down_revision, branch_labels, depends_on = "0009", "0001", None, None
def upgrade() -> None:
    op.execute("create table half (id int)")
    op.execute("select 1 / 0")
"""


@pytest.fixture
async def prefix(admin: URL) -> AsyncIterator[str]:
    """A toy's database that was migrated, not copied: its owner may change it."""
    prefix = f"m{secrets.token_hex(4)}"
    try:
        await servers.prepare(admin, prefix, [SPEC], "pw")
        yield prefix
    finally:
        await servers.drop(admin, prefix, ["toy"])


@pytest.fixture
async def database(admin: URL, prefix: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(admin.set(database=database_name(prefix, "toy")), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def test_what_is_missing_is_added_once_and_rows_stay(admin: URL, prefix: str, database: AsyncConnection) -> None:
    for statement in _ONE_BEHIND:
        await database.execute(text(statement))
    assert (await database.execute(_STANDS)).all() == [("0003", False)]
    for _ in range(2):  # at the head there is nothing to do
        await upgrade(admin, prefix, "toy", SPEC.migrations)
        assert (await database.execute(_STANDS)).all() == [("0004", True)]
    assert (await database.execute(text("select id from bed"))).scalars().all() == ["b1"]


async def test_a_migration_that_fails_half_way_leaves_nothing(
    admin: URL, prefix: str, database: AsyncConnection, tmp_path: Path
) -> None:
    [first] = SPEC.migrations.glob("0001*.py")
    (tmp_path / first.name).write_text(first.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "0009_half.py").write_text(_HALF, encoding="utf-8")
    with pytest.raises(Exception, match="division by zero"):
        await upgrade(admin, prefix, "toy", tmp_path)
    assert (await database.execute(text("select to_regclass('public.half')"))).scalar() is None
    assert (await database.execute(text("select version_num from public.alembic_version"))).scalar() == "0001"
