"""What a parameter's value may be: one kind of Python value per unit, checked when the file is read.

| unit | Python | in YAML |
|---|---|---|
| `fen` | int ≥ 0 | `810_00` (810.00 yuan) |
| `count`, `days`, `workdays`, `hours`, `minutes`, `months`, `years`, `points`, `metres` | int ≥ 0 | `6` |
| `ratio` | Decimal, exact | `0.33` |
| `flag` | bool | `true` |
| `text` | str | `"A"` |
| `table` | Table | a list of rows; the parameter's `columns` name the unit of each cell |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from shared.money import to_decimal

INTEGER_UNITS = frozenset(
    {"fen", "count", "days", "workdays", "hours", "minutes", "months", "years", "points", "metres"}
)
SCALAR_UNITS = INTEGER_UNITS | {"ratio", "flag", "text"}
UNITS = SCALAR_UNITS | {"table"}

Scalar: TypeAlias = int | Decimal | bool | str


class BadValue(ValueError):
    """A value that does not fit its unit."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a law's table, in the order of the file. Cells have the units of `columns`."""

    columns: Mapping[str, str]
    rows: tuple[Mapping[str, Scalar], ...]

    def __iter__(self) -> Iterator[Mapping[str, Scalar]]:
        return iter(self.rows)

    def row(self, column: str, value: Scalar) -> Mapping[str, Scalar] | None:
        """The first row whose `column` equals `value`; None where the table has none."""
        return next((row for row in self.rows if row[column] == value), None)

    def band(self, column: str, value: int | Decimal) -> Mapping[str, Scalar] | None:
        """The row whose `column` is the largest not above `value` (bands by lower bound, bound included)."""
        reached = [row for row in self.rows if _number(row[column]) <= value]
        return max(reached, key=lambda row: _number(row[column]), default=None)


Value: TypeAlias = Scalar | Table


def read(unit: str, raw: Any, columns: Mapping[str, str] | None = None) -> Value:
    """The value for `unit` from YAML or from a stored set; BadValue says what does not fit."""
    if unit == "table":
        return _read_table(raw, columns or {})
    return _read_scalar(unit, raw)


def _read_scalar(unit: str, raw: Any) -> Scalar:
    if unit in INTEGER_UNITS:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
            return raw
        raise BadValue(f"{raw!r} is not a whole number of {unit} from 0 up")
    if unit == "ratio":
        if isinstance(raw, Decimal | int) and not isinstance(raw, bool) and raw >= 0:
            return Decimal(raw)
        if isinstance(raw, str) and raw.replace(".", "", 1).isdecimal():  # the stored form
            return Decimal(raw)
        raise BadValue(f"{raw!r} is not a ratio")
    if unit == "flag":
        if isinstance(raw, bool):
            return raw
        raise BadValue(f"{raw!r} is not true or false")
    if unit == "text":
        if isinstance(raw, str) and raw:
            return raw
        raise BadValue(f"{raw!r} is not a text")
    raise BadValue(f"unknown unit {unit!r}")


def _read_table(raw: Any, columns: Mapping[str, str]) -> Table:
    if not isinstance(raw, list) or not raw:
        raise BadValue("a table is a list of rows")
    rows = []
    for number, cells in enumerate(raw, 1):
        if not isinstance(cells, dict) or set(cells) != set(columns):
            raise BadValue(f"row {number} must have exactly the columns {', '.join(columns)}")
        try:
            rows.append({name: _read_scalar(unit, cells[name]) for name, unit in columns.items()})
        except BadValue as error:
            raise BadValue(f"row {number}: {error}") from error
    return Table(dict(columns), tuple(rows))


def plain(value: Any) -> Any:
    """JSON without loss: decimals as strings, tables as lists of objects. `read` takes it back."""
    if isinstance(value, Table):
        return [{name: plain(cell) for name, cell in row.items()} for row in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


def for_people(unit: str, value: Value) -> Any:
    """What the API shows: money as a decimal string of yuan, everything else as `plain`."""
    if isinstance(value, Table):
        return [{name: for_people(value.columns[name], cell) for name, cell in row.items()} for row in value]
    if unit == "fen" and isinstance(value, int):
        return to_decimal(value)
    return plain(value)


def _number(cell: Scalar) -> int | Decimal:
    if isinstance(cell, str | bool):
        raise BadValue(f"bands need a column of numbers, not {cell!r}")
    return cell
