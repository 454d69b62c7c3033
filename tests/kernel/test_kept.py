"""Statements compiled once and run by the driver; that they read right is what brain's lists and files show."""

from typing import Any, cast

import pytest
from sqlalchemy import bindparam
from sqlmodel import col, select

from services.brain.people.tables import Person
from shared.db.kept import Kept
from shared.db.unit import UnitOfWork
from shared.web.paging import PageParameters, paginate

pytestmark = pytest.mark.unit


def test_a_statement_that_depends_on_its_values_is_not_kept() -> None:
    with pytest.raises(ValueError, match="cannot be kept"):
        Kept(select(Person.id).where(col(Person.id).in_(["a", "b"])))


async def test_values_are_given_by_name_and_own_ones_stay() -> None:
    asked = []

    class Driver:
        async def fetch(self, sql: str, *values: object, record_class: type) -> list[object]:
            asked.append((sql.count("$"), values, record_class.__name__))
            return []

    kept = Kept(select(Person.id).where(col(Person.sex) == 2, col(Person.area_code) >= bindparam("lo")))
    await kept.rows(Driver(), {"lo": "3309", "hi": "unused"})  # type: ignore[arg-type]
    [(places, values, rows)] = asked
    assert (places, sorted(map(str, values)), rows) == (2, ["2", "3309"], "Columns")


async def test_the_length_of_a_page_is_part_of_its_statement() -> None:
    """As a parameter PostgreSQL takes it for a large one, and plans every page anew."""
    asked = []

    class Driver:
        async def fetch(self, sql: str, *values: object, record_class: type) -> list[object]:
            asked.append((sql, values))
            return []

    class Unit:
        async def fetch(self, kept: Kept, values: dict[str, Any]) -> list[Any]:
            return await kept.rows(Driver(), values)  # type: ignore[arg-type]

    unit, order = cast(UnitOfWork, Unit()), [col(Person.id)]
    for limit in (20, 100):
        await paginate(unit, select(Person), order, PageParameters(limit=limit), Person.model_validate, given={})
    assert [(sql.rpartition("LIMIT ")[2], values) for sql, values in asked] == [("21", ()), ("101", ())]
