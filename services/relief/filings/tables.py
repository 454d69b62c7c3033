"""Declarations of families, and who is named in them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from services.relief.base import Base
from shared.db.tables import AreaCodeText, Rows


class Filing(Base, table=True):
    """One declaration of one kind, filed with the district as it is made. A later one takes its place; the earlier
    stays to be read."""

    __tablename__ = "filing"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('KINSHIP', 'CARD')", name="kind"),
        CheckConstraint("kind = 'CARD' or agreement_no = ''", name="agreement"),
        Index("uq_filing_current", "household_id", "kind", unique=True, postgresql_where="is_current"),
        CheckConstraint("visited_on is null or is_positive", name="visited"),
        Index(
            "ix_filing_unvisited",
            "area_code",
            "id",
            postgresql_where="is_current and is_positive and visited_on is null",
        ),
        Index("ix_filing_household", "household_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    is_positive: bool = Field(description="there is such a relative, or such a keeper")
    is_current: bool = True
    agreement_no: str = Field(default="", sa_type=Text, description="the written agreement about a card (MLG 26)")
    agreement_on: date | None = None
    declared_by: str = Field(sa_type=Text, description="person who signed the declaration")
    declared_on: date
    filed_by: str = Field(sa_type=Text)
    filed_at: datetime = Field(description="when the district had it")
    visited_on: date | None = Field(default=None, description="when the district was at the house, if it had to go")
    visitors: bytes | None = Field(default=None, sa_type=LargeBinary, description="names, sealed, one a line")
    visit_finding: str = Field(default="", sa_type=Text)


class FilingParty(Base, table=True):
    """Somebody named in a declaration: the relative on duty, or who keeps a card."""

    __tablename__ = "filing_party"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code", person_via=("member", "household_id", "household_id", "viewer_id")
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint("duty in ('RELIEF_STAFF', 'VILLAGE_CADRE', 'OTHER')", name="duty"),
        Index("ix_filing_party_filing", "filing_id", "id"),
        Index("ix_filing_party_household", "household_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    filing_id: str = Field(sa_type=Text)
    household_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    member_id: str = Field(sa_type=Text, description="whose relative, or whose card")
    name: bytes = Field(sa_type=LargeBinary, description="sealed")
    person_id: str = Field(default="", sa_type=Text, description="where known: may not handle the family's affairs")
    duty: str = Field(sa_type=Text)
    relation: str = Field(sa_type=Text, description="to the member")
    unit_name: str = Field(sa_type=Text, description="where the duty is held")
