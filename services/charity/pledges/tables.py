"""Pledges."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field

from services.charity.base import Base
from shared.db.tables import AreaCodeText, Rows


class Pledge(Base, table=True):
    """So much a month from a donor to a person, from one month to another.

    `is_stopped` is kept equal to "a live effect stops it" by the reactions to a death. The row stays when a party
    dies: it is part of the donor's statement. The donor sees her pledges; the beneficiary sees gifts, not promises.
    """

    __tablename__ = "pledge"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="donor_org_id", person="donor_person_id")
    __table_args__: ClassVar[Any] = (
        CheckConstraint("num_nonnulls(donor_person_id, donor_org_id) = 1", name="one_donor"),
        CheckConstraint("donor_person_id <> beneficiary_id", name="not_oneself"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("to_month >= from_month", name="months"),
        Index("ix_pledge_area", "area_code", "id"),
        Index("ix_pledge_beneficiary", "beneficiary_id", "id"),
        Index("ix_pledge_donor", "donor_person_id", "id", postgresql_where="donor_person_id is not null"),
        Index("ix_pledge_org", "donor_org_id", "id", postgresql_where="donor_org_id is not null"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    beneficiary_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText, description="the beneficiary's")
    donor_person_id: str | None = Field(default=None, sa_type=Text)
    donor_org_id: str | None = Field(default=None, sa_type=Text)
    amount_fen: int = Field(sa_type=BigInteger, description="a month")
    from_month: date
    to_month: date
    is_stopped: bool = False
    withdrawn_on: date | None = None
    version: int = 1
    created_at: datetime
