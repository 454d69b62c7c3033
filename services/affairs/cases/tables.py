"""Death cases (domain §8 row 30)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from services.affairs.base import Base
from services.affairs.cases.states import CaseState
from shared.db.tables import AreaCodeText, Rows


class DeathCase(Base, table=True):
    """One case of one person; its matter has the same id, and its row lock comes before the matter's."""

    __tablename__ = "death_case"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", org="org_id", person_via=("kin", "person_id", "person_id", "relative_id")
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in (" + ", ".join(f"'{state.value}'" for state in CaseState) + ")", name="state"),
        Index(
            "uq_death_case_standing",
            "person_id",
            unique=True,
            postgresql_where="state not in ('DISMISSED', 'REVOKED')",
        ),
        Index("ix_death_case_person", "person_id", "id"),
        Index("ix_death_case_area", "area_code", "id"),
        Index("ix_death_case_org", "org_id", "id"),
        Index("ix_death_case_state", "state", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str = Field(default="", sa_type=Text, description="the organisation that reported it, if one did")
    state: str = Field(default="REPORTED", sa_type=Text)
    death_date: date = Field(description="as first reported, then as confirmed")
    id_number: bytes | None = Field(
        default=None, sa_type=LargeBinary, description="sealed; from evidence that fits the person, for departments"
    )
    cause_case_id: str | None = Field(default=None, sa_type=Text, description="the mistaken case that led to this one")
    opened_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = Field(default=None, description="dismissed or revoked")
    follow_up_at: datetime | None = Field(default=None, description="left open so long that the town looks into it")
    version: int = 1
