"""What a death case rests on: reports, evidence, officers' confirmations, revocations."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.affairs.base import Base
from shared.db.tables import AreaCodeText, Rows


class DeathSource(Base, table=True):
    """Somebody's report. It stops nothing."""

    __tablename__ = "death_source"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "kind in ('INSTITUTION', 'VILLAGE', 'TOWN', 'FAMILY', 'HOSPITAL', 'FUNERAL_HOME', 'HOTLINE')",
            name="kind",
        ),
        Index("uq_death_source_report", "report_id", unique=True, postgresql_where="report_id is not null"),
        Index("ix_death_source_case", "case_id", "id"),
        Index("ix_death_source_mistaken", "reporter_id", postgresql_where="is_mistaken"),
        Index("ix_death_source_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    case_id: str = Field(sa_type=Text, foreign_key="death_case.id")
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    unit_id: str = Field(sa_type=Text, description="two sources of one unit count once")
    reporter_id: str = Field(sa_type=Text, description="account")
    report_id: str | None = Field(default=None, sa_type=Text, description="the report's id in the service that took it")
    death_date: date
    place: str = Field(default="", sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    reported_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_reason: str = Field(default="", sa_type=Text)
    is_mistaken: bool = Field(default=False, description="the case was revoked: the reporter's error")


class DeathEvidence(Base, table=True):
    """A paper, or the word of someone who saw the person alive.

    The certificate's number is sealed: since 2026-07-01 that of a medical certificate is the ID number itself.
    """

    __tablename__ = "death_evidence"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        Index("ix_death_evidence_case", "case_id", "id"),
        Index("ix_death_evidence_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    case_id: str = Field(sa_type=Text, foreign_key="death_case.id")
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    id_number: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    certificate_no: bytes | None = Field(default=None, sa_type=LargeBinary, description="sealed")
    named_person_id: str | None = Field(default=None, sa_type=Text, description="whom the paper's ID number means")
    matches: bool | None = Field(default=None, description="that is the person of the case")
    unit_id: str = Field(default="", sa_type=Text, description="of a statement: the unit whose word it is")
    issuer: str = Field(default="", sa_type=Text)
    death_date: date | None = None
    on_date: date | None = Field(default=None, description="cremated, deregistered, placed or seen alive on")
    note: str = Field(default="", sa_type=Text)
    file_ids: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(Text),
        sa_column_kwargs={"server_default": text("'{}'")},
        description="files of the case that show it",
    )
    given_by: str = Field(sa_type=Text, description="account")
    given_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_reason: str = Field(default="", sa_type=Text)


class DeathConfirmation(Base, table=True):
    """One officer's word that the person is dead. Void when what it rested on has changed."""

    __tablename__ = "death_confirmation"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        Index("ix_death_confirmation_case", "case_id", "id"),
        Index("ix_death_confirmation_area", "area_code", "id"),
        Index(
            "uq_death_confirmation_officer", "case_id", "officer_id", unique=True, postgresql_where="void_at is null"
        ),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    case_id: str = Field(sa_type=Text, foreign_key="death_case.id")
    area_code: str = Field(sa_type=AreaCodeText)
    officer_id: str = Field(sa_type=Text, description="account")
    death_date: date
    confirmed_at: datetime
    void_at: datetime | None = None


class DeathRevocation(Base, table=True):
    """The request to undo a confirmed death, and what the second person decided."""

    __tablename__ = "death_revocation"
    __scopes__: ClassVar[Rows] = Rows(area="area_code")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('REQUESTED', 'APPROVED', 'DECLINED')", name="state"),
        Index("uq_death_revocation_open", "case_id", unique=True, postgresql_where="state = 'REQUESTED'"),
        Index("ix_death_revocation_case", "case_id", "id"),
        Index("ix_death_revocation_area", "area_code", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    case_id: str = Field(sa_type=Text, foreign_key="death_case.id")
    area_code: str = Field(sa_type=AreaCodeText)
    state: str = Field(default="REQUESTED", sa_type=Text)
    reason: str = Field(sa_type=Text)
    evidence: str = Field(sa_type=Text)
    requested_by: str = Field(sa_type=Text, description="account")
    requested_by_person: str = Field(default="", sa_type=Text)
    requested_at: datetime
    due_at: datetime
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = None
    decision_reason: str = Field(default="", sa_type=Text)
