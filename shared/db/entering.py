"""Many rows into one table in one statement: values travel as one array a column.

SQLAlchemy's executemany sends row after row. `COPY` would be faster still, but PostgreSQL refuses it where rows are
guarded (design §4).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from json import dumps
from typing import Any

from sqlalchemy import ARRAY, Column, Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from shared.db.kept import Driver

_DIALECT = dialect(dbapi=dialect.import_dbapi())  # type: ignore[no-untyped-call]

Convert = Callable[[Any], Any]


async def enter(
    driver: Driver,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    skip_known: bool = False,
    renew: Sequence[str] = (),
) -> None:
    """Insert `rows`, which all name the same columns. A row whose key is there already is an error, is left out
    (`skip_known`), or gives the old one its values of the columns in `renew`; then no key may come twice."""
    if not rows:
        return
    names = tuple(rows[0])
    columns = [_values([row[name] for row in rows], _conversion(table, name)) for name in names]
    await driver.execute(_statement(table, names, skip_known, tuple(renew)), *columns)


def _values(values: list[Any], convert: Convert | None) -> list[Any]:
    return values if convert is None else [None if value is None else convert(value) for value in values]


@cache
def _statement(table: Table, names: tuple[str, ...], skip_known: bool, renew: tuple[str, ...]) -> str:
    quote = _DIALECT.identifier_preparer.quote
    shown = [quote(name) for name in names]
    arrays = ", ".join(f"${number}::{_travels(table.columns[name])}[]" for number, name in enumerate(names, 1))
    read = ", ".join(_read(table.columns[name], f"new.{text}") for name, text in zip(names, shown, strict=True))
    place = _DIALECT.identifier_preparer.format_table(table)
    listed = ", ".join(shown)
    return (
        f"insert into {place} ({listed}) select {read} from unnest({arrays}) as new ({listed})"  # noqa: S608 - our names
        f"{_where_known(table, skip_known, renew)}"
    )


def _where_known(table: Table, skip_known: bool, renew: tuple[str, ...]) -> str:
    if not renew:
        return " on conflict do nothing" if skip_known else ""
    quote = _DIALECT.identifier_preparer.quote
    key = ", ".join(quote(column.name) for column in table.primary_key)
    taken = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in renew)
    return f" on conflict ({key}) do update set {taken}"


@cache
def _conversion(table: Table, name: str) -> Convert | None:
    column = table.columns[name]
    if isinstance(column.type, ARRAY):
        return dumps
    kind = column.type.dialect_impl(_DIALECT)
    converted: Convert | None = kind.bind_processor(_DIALECT)
    return converted


def _type(column: Column[Any]) -> str:
    return str(column.type.compile(_DIALECT)).partition(" COLLATE ")[0]


def _travels(column: Column[Any]) -> str:
    """`unnest` would take arrays of arrays apart to the last value: a list travels as JSON."""
    return "text" if isinstance(column.type, ARRAY) else _type(column)


def _read(column: Column[Any], text: str) -> str:
    if not isinstance(column.type, ARRAY):
        return text
    return f"array(select json_array_elements_text({text}::json))::{_type(column)}"
