"""Accounts, lots and the append-only ledger of points."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlmodel import Field

from services.charity.base import Base
from shared.db.tables import AreaCodeText, Rows


class PointsAccount(Base, table=True):
    """A person's account, and the lock of all that moves on it.

    `is_frozen` is kept equal to "a live effect freezes it" by the reactions to a death.
    """

    __tablename__ = "points_account"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (Index("ix_points_account_area", "area_code", "person_id"),)

    person_id: str = Field(sa_type=Text, primary_key=True)
    area_code: str = Field(sa_type=AreaCodeText)
    is_frozen: bool = False
    opened_at: datetime


class PointsMovement(Base, table=True):
    """One thing that happened on an account. `points` is what it changed: positive came, negative went.

    `area_code` is where it happened and stays when the person moves away.
    """

    __tablename__ = "points_movement"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id", appended=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('EARN', 'REDEEM', 'REVERSE', 'EXPIRE', 'POOL')", name="kind"),
        CheckConstraint("kind = 'REVERSE' or (kind = 'EARN') = (points > 0)", name="direction"),
        CheckConstraint("(kind = 'REVERSE') = (reverses is not null)", name="reverses"),
        Index("uq_points_movement_earned", "source", "ref", unique=True, postgresql_where="kind = 'EARN'"),
        Index("uq_points_movement_reverses", "reverses", unique=True, postgresql_where="reverses is not null"),
        Index("ix_points_movement_person", "person_id", "id"),
        Index("ix_points_movement_area", "area_code", "id"),
        Index("ix_points_movement_cause", "cause", postgresql_where="cause <> ''"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    kind: str = Field(sa_type=Text)
    points: int = Field(sa_type=Integer)
    source: str = Field(default="", sa_type=Text, description="VOLUNTEER, DONATION; of a redemption its use")
    ref: str = Field(default="", sa_type=Text, description="number of the hours' record, the gift, the item")
    on_date: date
    value_fen: int | None = Field(default=None, sa_type=BigInteger, description="what a project gets for it")
    parameter_set: str = Field(default="", sa_type=Text, description="digest of the parameters it was reckoned with")
    reverses: str | None = Field(default=None, sa_type=Text)
    cause: str = Field(default="", sa_type=Text, description="the death case that moved it")
    note: str = Field(default="", sa_type=Text)
    created_at: datetime


class PointsLot(Base, table=True):
    """What one earning brought and what is left of it; spent oldest expiry first.

    `remaining` is changed only by the statement that writes the ledger's lines. It can never leave 0…points: the
    check is what keeps every balance from going below zero.
    """

    __tablename__ = "points_lot"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("remaining between 0 and points", name="remaining"),
        CheckConstraint("source in ('VOLUNTEER', 'DONATION')", name="source"),
        # The same hour cannot be worked twice.
        ExcludeConstraint(
            ("person_id", "="),
            ("service_period", "&&"),
            where=text("reversed_at is null"),
            using="gist",
            name="ex_points_lot_hours",
        ),
        Index("ix_points_lot_left", "person_id", "expires_on", "id", postgresql_where="remaining > 0"),
        Index("ix_points_lot_earned", "person_id", "source", "earned_on"),
        Index("ix_points_lot_expiry", "expires_on", "person_id", postgresql_where="remaining > 0"),
        Index("ix_points_lot_area", "area_code"),
    )

    id: str = Field(sa_type=Text, sa_column_args=[ForeignKey("points_movement.id")], primary_key=True)
    person_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    source: str = Field(sa_type=Text)
    points: int = Field(sa_type=Integer)
    remaining: int = Field(sa_type=Integer)
    earned_on: date
    available_on: date
    expires_on: date = Field(description="last day they can be spent")
    service_period: Range[datetime] | None = Field(default=None, sa_type=TSTZRANGE)
    reversed_at: datetime | None = None


class PointsEntry(Base, table=True):
    """One line of the ledger: `points` left one account and came to another. Append-only."""

    __tablename__ = "points_entry"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", person="person_id", appended=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint(
            "from_account in ('PERSON', 'ISSUED', 'REDEEMED', 'EXPIRED', 'POOL')"
            " and to_account in ('PERSON', 'ISSUED', 'REDEEMED', 'EXPIRED', 'POOL')",
            name="accounts",
        ),
        CheckConstraint("(from_account = 'PERSON') <> (to_account = 'PERSON')", name="one_person"),
        Index("ix_points_entry_movement", "movement_id"),
        Index("ix_points_entry_lot", "lot_id"),
        Index("ix_points_entry_area", "area_code"),
        Index("ix_points_entry_person", "person_id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    movement_id: str = Field(sa_type=Text, sa_column_args=[ForeignKey("points_movement.id")])
    lot_id: str = Field(sa_type=Text, sa_column_args=[ForeignKey("points_lot.id")])
    person_id: str = Field(sa_type=Text, description="whose account PERSON stands for")
    area_code: str = Field(sa_type=AreaCodeText)
    from_account: str = Field(sa_type=Text)
    to_account: str = Field(sa_type=Text)
    points: int = Field(sa_type=Integer)
    created_at: datetime
