"""Many rows in one statement arrive as they would one by one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.db.entering import enter
from shared.db.kept import Driver
from shared.db.tables import AreaCodeText

KINDS = Table(
    "every_kind",
    MetaData(),
    Column("seq", BigInteger, Identity(always=True)),
    Column("id", Text, primary_key=True),
    Column("area_code", AreaCodeText),
    Column("sealed", LargeBinary),
    Column("is_so", Boolean),
    Column("fen", BigInteger),
    Column("day", Date),
    Column("at", DateTime(timezone=True)),
    Column("facts", JSONB),
    Column("words", ARRAY(Text)),
    Column("term", TSTZRANGE),
)
_MADE = """create temporary table every_kind (seq bigint generated always as identity, id text primary key,
    area_code text collate "C", sealed bytea, is_so boolean, fen bigint, day date, at timestamptz, facts jsonb,
    words text[], term tstzrange)"""
_AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def _row(row_id: str, **others: Any) -> dict[str, Any]:
    return {
        "id": row_id,
        "area_code": "330903100000",
        "sealed": b"\x00\xff",
        "is_so": True,
        "fen": -(2**62),
        "day": date(2024, 2, 29),
        "at": _AT,
        "facts": {"金额": 1, "list": ["a", None]},
        "words": ["", 'a"b,{}', "汉字", "\\"],
        "term": Range(_AT, None),
    } | others


@asynccontextmanager
async def table_on(admin: URL) -> AsyncIterator[tuple[AsyncConnection, Driver]]:
    """The table on a connection of its own, as SQLAlchemy and as the driver have it."""
    engine = create_async_engine(admin)
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await connection.execute(text(_MADE))
        yield connection, driver
    await engine.dispose()


async def test_every_kind_of_column_comes_back_as_it_was_in_the_order_given(admin: URL) -> None:
    nothing = dict.fromkeys(_row("n"), None) | {"id": "n", "words": []}
    rows = [_row("z"), nothing, _row("a", words=["one"], facts=["two"])]
    async with table_on(admin) as (connection, driver):
        await enter(driver, KINDS, rows)
        found = [dict(row._mapping) for row in await connection.execute(KINDS.select().order_by(KINDS.c.seq))]
    assert [row.pop("seq") for row in found] == [1, 2, 3]
    assert found == rows


async def test_what_is_there_is_an_error_or_is_left_out(admin: URL) -> None:
    async with table_on(admin) as (_, driver):
        await enter(driver, KINDS, [_row("a")])
        await enter(driver, KINDS, [_row("a", fen=1), _row("b"), _row("b")], skip_known=True)
        assert [tuple(row) for row in await driver.fetch("select id, fen from every_kind order by id")] == [
            ("a", -(2**62)),
            ("b", -(2**62)),
        ]
        with pytest.raises(asyncpg.UniqueViolationError):
            async with driver.transaction():
                await enter(driver, KINDS, [_row("c"), _row("a")])
        assert await driver.fetchval("select count(*) from every_kind") == 2


async def test_what_is_there_takes_on_the_columns_named(admin: URL) -> None:
    async with table_on(admin) as (_, driver):
        await enter(driver, KINDS, [_row("a", fen=1)])
        await enter(
            driver, KINDS, [_row("b", fen=5), _row("a", fen=2, words=["new"], is_so=None)], renew=["fen", "words"]
        )
        found = await driver.fetch("select id, fen, words, is_so from every_kind order by id")
    assert [tuple(row) for row in found] == [("a", 2, ["new"], True), ("b", 5, _row("b")["words"], True)]
