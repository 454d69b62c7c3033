"""What is kept of decisions: their inputs, and every parameter set any of them was made with."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from shared.db.tables import AreaCodeText, KernelBase, Rows


class KeptParameterSet(KernelBase, table=True):
    """One content of the policy files, for ever: old decisions are replayed with it."""

    __tablename__ = "parameter_set"
    __scopes__: ClassVar[Rows] = Rows(everyone=True, appended=True)

    digest: str = Field(sa_type=Text, primary_key=True)
    content: str = Field(sa_type=Text, description="canonical JSON whose SM3 begins with the digest")
    kept_at: datetime


class KeptDecision(KernelBase, table=True):
    """The stored form of a decision; its reasons are rendered by replay. Never changed."""

    __tablename__ = "decision"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", person="person_id", appended=True)
    __table_args__: ClassVar[Any] = (
        Index("ix_decision_person", "person_id", "id"),
        Index("ix_decision_area", "area_code", "id"),
        {"schema": "kernel"},
    )

    id: str = Field(sa_type=Text, primary_key=True)
    rule: str = Field(sa_type=Text)
    version: int = Field(sa_type=SmallInteger)
    facts: dict[str, Any] = Field(sa_type=JSONB)
    parameter_set: str = Field(sa_type=Text)
    decided_for: date = Field(description="the day whose law was applied")
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text)
    person_id: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    amount_fen: int | None = Field(default=None, sa_column=Column(BigInteger))
    made_by: str = Field(sa_type=Text)
    made_at: datetime
