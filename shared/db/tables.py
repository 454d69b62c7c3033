"""How tables are declared: one registry per service, and on each table the row scopes that may see it.

In one process all services live side by side, so tables of the same name must coexist: each service has
its own registry (`class Base(SQLModel, registry=new_registry())`), the kernel has one of its own in the
PostgreSQL schema `kernel`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import MetaData, String, Table
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

AreaCodeText = String(collation="C")
"""Column type of every area code: byte order makes "inside this area" one index range."""


def new_registry(schema: str | None = None) -> registry:
    """A registry with the house's constraint names."""
    return registry(metadata=MetaData(schema=schema, naming_convention=NAMING))


@dataclass(frozen=True, slots=True)
class Rows:
    """Which scopes see which rows of a table. The system scope always sees all.

    Each field names a column of the table (design §4: one policy per scope role, one indexable condition,
    never an OR). `person_via` = (other table, own column, its column, its person column): a person sees a row when
    the other table links her to it. `everyone` is reference data: every scope reads, only the system writes.
    `appended` rows can be inserted and read, never changed or deleted. `written_by_all` lets every scope
    insert without seeing (outbox, audit).
    """

    area: str | None = None
    org: str | None = None
    person: str | None = None
    account: str | None = None
    person_via: tuple[str, str, str, str] | None = None
    everyone: bool = False
    appended: bool = False
    written_by_all: bool = False

    def columns(self) -> list[str]:
        """The columns the policies look at."""
        named = [self.area, self.org, self.person, self.account]
        return [column for column in named if column]


class KernelBase(SQLModel, registry=new_registry("kernel")):
    """Base of the kernel's tables; service tables refer to them by plain id columns."""

    __scopes__: ClassVar[Rows]
    __table_args__: ClassVar[Any] = {"schema": "kernel"}


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model, for Core statements (`insert(table_of(Bed))`)."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table
