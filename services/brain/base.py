"""The registry of brain's tables."""

from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from shared.db.tables import new_registry


class Base(SQLModel, registry=new_registry()):
    """Base of brain's tables."""


def one_of(column: str, codes: type[StrEnum]) -> CheckConstraint:
    """The column holds one of these codes."""
    listed = ", ".join(f"'{code.value}'" for code in codes)
    return CheckConstraint(f"{column} in ({listed})", name=column)
