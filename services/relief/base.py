"""The registry of relief's tables."""

from sqlmodel import SQLModel

from shared.db.tables import new_registry


class Base(SQLModel, registry=new_registry()):
    """Base of all tables of this service."""
