"""Reads that are asked often: compiled once, then run by the driver itself at a third of SQLAlchemy's price."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""The driver's own connection: what every unit says in the same words goes to it, at a third of SQLAlchemy's price."""

_DIALECT = dialect()  # type: ignore[no-untyped-call]


class Kept:
    """A select over columns with named parameters (`bindparam`). Make it once, at import or behind a cache.

    Its rows have the columns as attributes; they are to be shown, not changed. Values reach the driver as they are:
    columns whose type converts in Python (JSON) are SQLAlchemy's to read. Raises ValueError for a statement that is
    another one for other values (`in_` of a list).
    """

    def __init__(self, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise ValueError("a statement that depends on its values cannot be kept")
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._own = dict(compiled.params)
        columns = {name: property(itemgetter(name)) for name in statement.selected_columns.keys()}  # noqa: SIM118
        self._row = type("Columns", (asyncpg.Record,), columns)

    async def rows(self, driver: Driver, values: Mapping[str, Any]) -> list[Any]:
        """All rows; `values` by parameter name, others are left aside."""
        given = self._own | dict(values)
        return await driver.fetch(self._sql, *(given[name] for name in self._names), record_class=self._row)
