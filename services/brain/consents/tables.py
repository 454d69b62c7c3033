"""Consents to processing (PIPL 29): given by the person, for one purpose, until withdrawn."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.brain.base import Base, one_of
from services.brain.consents.codes import Purpose
from shared.db.tables import AreaCodeText, Rows


class Consent(Base, table=True):
    """One consent. A death ends it for good: after a revoked death it must be given again (domain §10 a)."""

    __tablename__ = "consent"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        one_of("purpose", Purpose),
        CheckConstraint("(ended_at is null) = (end_reason is null)", name="ended"),
        Index("uq_consent_live", "person_id", "purpose", unique=True, postgresql_where="ended_at is null"),
        Index("ix_consent_person", "person_id", "id"),
        Index("ix_consent_area", "area_code", "id"),
        Index("ix_consent_ended_by", "ended_by", postgresql_where="ended_by is not null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="that of the person when it was given")
    given_on: date
    given_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = Field(default=None, sa_type=Text, description="WITHDRAWN or DECEASED")
    ended_by: str | None = Field(default=None, sa_type=Text, description="the death case that ended it")
