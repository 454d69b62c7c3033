"""The tables of affairs."""

from sqlmodel import SQLModel

from shared.db.tables import new_registry


class Base(SQLModel, registry=new_registry()):
    """Base of all tables of this service."""
