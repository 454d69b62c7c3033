"""Pairings and the persons in them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text
from sqlmodel import Field

from services.charity.base import Base
from shared.db.tables import AreaCodeText, Rows


class Pairing(Base, table=True):
    """One donor stands by one person, in one kind of help.

    `state` is not set but concluded (`rules.state_of`): from `ended_on`, the live effects of deaths, and `is_waiting`:
    nothing stops it any more, but the place was given to another meanwhile and a human has to decide. The
    beneficiary's name and needs are sealed: she may be a child.
    """

    __tablename__ = "pairing"
    __scopes__: ClassVar[Rows] = Rows(
        area="area_code",
        org="donor_org_id",
        person_via=("pairing_party", "id", "pairing_id", "person_id"),
    )
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('STUDY', 'LIVING', 'COMPANION')", name="kind"),
        CheckConstraint("state in ('RUNNING', 'STOPPED', 'WAITING', 'ENDED')", name="state"),
        CheckConstraint("(state = 'ENDED') = (ended_on is not null)", name="ended"),
        CheckConstraint("num_nonnulls(donor_person_id, donor_org_id) = 1", name="one_donor"),
        CheckConstraint("donor_person_id <> beneficiary_id", name="not_oneself"),
        CheckConstraint("consent_by in ('SELF', 'GUARDIAN')", name="consent_by"),
        CheckConstraint("contact_rule in ('SOCIAL_WORKER', 'SUPERVISED', 'DIRECT')", name="contact_rule"),
        CheckConstraint("ends_on >= starts_on", name="term"),
        # The net below the lock on the beneficiary: one running pairing of a kind.
        Index("uq_pairing_place", "beneficiary_id", "kind", unique=True, postgresql_where="state = 'RUNNING'"),
        Index("uq_pairing_consent", "consent_id", unique=True),
        Index("ix_pairing_area", "area_code", "id"),
        Index("ix_pairing_org", "donor_org_id", "id", postgresql_where="donor_org_id is not null"),
        Index("ix_pairing_term", "ends_on", postgresql_where="state <> 'ENDED'"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    beneficiary_id: str = Field(sa_type=Text)
    beneficiary_birth: date
    beneficiary_name: bytes = Field(sa_type=LargeBinary, description="sealed")
    called: bytes = Field(sa_type=LargeBinary, description="sealed: what the donor calls her")
    needs: bytes = Field(sa_type=LargeBinary, description="sealed")
    area_code: str = Field(sa_type=AreaCodeText, description="the beneficiary's")
    donor_person_id: str | None = Field(default=None, sa_type=Text)
    donor_org_id: str | None = Field(default=None, sa_type=Text)
    donor_name: bytes = Field(sa_type=LargeBinary, description="sealed")
    is_anonymous: bool = False
    consent_id: str = Field(sa_type=Text, description="number of the signed consent; one consent, one pairing")
    consent_on: date
    consent_by: str = Field(sa_type=Text)
    contact_rule: str = Field(sa_type=Text)
    starts_on: date
    ends_on: date
    is_waiting: bool = False
    ended_on: date | None = None
    end_reason: str = Field(default="", sa_type=Text)
    version: int = 1
    created_at: datetime


class PairingParty(Base, table=True):
    """A person in a pairing: through it each of the two sees the pairing."""

    __tablename__ = "pairing_party"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="org_id", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("side in ('DONOR', 'BENEFICIARY')", name="side"),
        Index("ix_pairing_party_person", "person_id", "pairing_id"),
        Index("ix_pairing_party_area", "area_code"),
        Index("ix_pairing_party_org", "org_id"),
    )

    pairing_id: str = Field(sa_type=Text, sa_column_args=[ForeignKey("pairing.id")], primary_key=True)
    person_id: str = Field(sa_type=Text, primary_key=True)
    side: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    org_id: str | None = Field(default=None, sa_type=Text, description="the donor organisation, which sees it too")
