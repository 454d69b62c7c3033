"""Keyset pages: `{items, nextCursor, total?}`. The cursor is the last row's sort key, never an offset."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Integer, Select, TypeDecorator, bindparam, func, literal_column, select, tuple_
from sqlalchemy.sql import ColumnElement

from shared.db.kept import Kept
from shared.db.problems import Invalid
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.web.wire import Wire

Item = TypeVar("Item")


class Page(Wire, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = None
    total: int | None = None


_ANY_PAGE = Page[Any]  # made once: pydantic builds a class for every `Page[…]` it meets


class PageParameters(BaseModel):
    """What every list takes: `cursor` of the page before, `limit` ≤ 100, `total=true` to count."""

    model_config = {"extra": "forbid"}

    cursor: str | None = Field(None, max_length=500)
    limit: int = Field(20, ge=1, le=100)
    total: bool = False


PageQuery = Annotated[PageParameters, Query()]


async def paginate(
    unit: UnitOfWork,
    statement: Select[Any],
    order: Sequence[Any],
    page: PageParameters,
    to_item: Callable[[Any], Item],
    *,
    descending: bool = False,
    given: Mapping[str, Any] | None = None,
) -> Page[Item]:
    """One page of `statement` sorted by the columns of `order` (the last one unique).

    The statement selects one entity; `to_item` gets a plain row with its columns, for a list changes nothing. Counts
    only when asked. A list that is asked often keeps its statement, with named parameters that are `given`: then
    it is compiled once and goes to the driver. Raises `Invalid` (bad_cursor).
    """
    values = dict(given or {})
    total = None
    if page.total:
        counted = select(func.count()).select_from(statement.order_by(None).subquery())
        total = (await unit.rows(counted, values))[0][0]
    if page.cursor:
        values.update({f"after_{place}": value for place, value in enumerate(_decode(page.cursor, order))})
    shape = _Shape(rows=page.limit + 1, is_first=not page.cursor, is_descending=descending)
    if given is None:
        rows = await unit.rows(_listing(statement, tuple(order), shape), values)
    else:
        rows = await unit.fetch(_kept_listing(statement, tuple(order), shape), values)
    more = len(rows) > page.limit
    rows = rows[: page.limit]
    cursor = _encode([getattr(rows[-1], column.key) for column in order]) if more else None
    return _ANY_PAGE(items=[to_item(row) for row in rows], next_cursor=cursor, total=total)


@dataclass(frozen=True, slots=True)
class _Shape:
    rows: int
    is_first: bool
    is_descending: bool


@lru_cache(maxsize=512)
def _kept_listing(statement: Select[Any], order: tuple[Any, ...], shape: _Shape) -> Kept:
    return Kept(_listing(statement, order, shape))


def _listing(statement: Select[Any], order: tuple[Any, ...], shape: _Shape) -> Select[Any]:
    """The statement of one page."""
    columns = table_of(statement.column_descriptions[0]["entity"]).columns
    listing = statement.with_only_columns(*columns, maintain_column_froms=True)
    if not shape.is_first:
        after = tuple_(*(bindparam(f"after_{place}", type_=column.type) for place, column in enumerate(order)))
        listing = listing.where(tuple_(*order) < after if shape.is_descending else tuple_(*order) > after)
    directed = [column.desc() if shape.is_descending else column.asc() for column in order]
    # A number, not a parameter: PostgreSQL would plan each page anew, for it takes an unknown limit for a large one.
    return listing.order_by(*directed).limit(literal_column(str(shape.rows), Integer))


def _encode(values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip("=")


def _decode(cursor: str, order: Sequence[ColumnElement[Any]]) -> list[Any]:
    problem = Invalid("bad_cursor", "翻页标记无效，请从第一页开始", field="cursor")
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, UnicodeDecodeError):
        raise problem from None
    if not isinstance(values, list) or len(values) != len(order):
        raise problem
    return [_typed(value, column, problem) for value, column in zip(values, order, strict=True)]


def _typed(value: Any, column: ColumnElement[Any], problem: Invalid) -> Any:
    kind = _kind_of(column)
    try:
        if kind is datetime:
            instant = datetime.fromisoformat(value)
            if instant.utcoffset() is None:
                raise problem
            return instant
        if kind is date:
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise problem from None
    if type(value) is not kind or (isinstance(value, str) and "\0" in value):
        raise problem
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise problem
    return value


@cache
def _kind_of(column: ColumnElement[Any]) -> type[Any]:
    # SQLModel keeps instants behind a decorator that does not say what it holds.
    stored = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return stored.python_type
