"""Effects: reversible consequences of a cause, and the tombstones of causes that were withdrawn (design §6)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows


class Effect(KernelBase, table=True):
    """One consequence on one object. Live while `annulled_at` is null; never changed otherwise."""

    __tablename__ = "effect"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", person="person_id")
    __table_args__: ClassVar[Any] = (
        Index(
            "uq_effect_live",
            "cause",
            "kind",
            "object_kind",
            "object_id",
            unique=True,
            postgresql_where="annulled_at is null",
        ),
        Index("ix_effect_object", "object_kind", "object_id", postgresql_where="annulled_at is null"),
        Index("ix_effect_person", "person_id"),
        Index("ix_effect_area", "area_code", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    cause: str = Field(sa_type=Text, description="id of the case that caused it")
    kind: str = Field(sa_type=Text)
    object_kind: str = Field(sa_type=Text)
    object_id: str = Field(sa_type=Text)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text)
    from_date: date
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    created_at: datetime
    annulled_at: datetime | None = None


class AnnulledCause(KernelBase, table=True):
    """A cause that was withdrawn; a confirmation that arrives later must do nothing (domain §10 g)."""

    __tablename__ = "annulled_cause"
    __scopes__: ClassVar[Rows] = Rows()

    cause: str = Field(sa_type=Text, primary_key=True)
    annulled_at: datetime
