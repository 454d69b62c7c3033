"""The log of scans."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.eldercare.base import Base
from shared.db.tables import AreaCodeText, Rows


class BedScan(Base, table=True):
    """Somebody looked at a bed's code; `view` is what was shown."""

    __tablename__ = "bed_scan"
    __scopes__: ClassVar[Rows] = Rows(area="area_code", org="institution_id", appended=True, written_by_all=True)
    __table_args__: ClassVar[Any] = (
        CheckConstraint("view in ('PUBLIC', 'FAMILY', 'CARER', 'INSPECTOR')", name="view"),
        Index("ix_bed_scan_area", "area_code", "id"),
        Index("ix_bed_scan_org", "institution_id", "id"),
        Index("ix_bed_scan_bed", "bed_id", "id"),
    )

    id: str = Field(sa_type=Text, primary_key=True)
    bed_id: str = Field(sa_type=Text)
    institution_id: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=AreaCodeText)
    account_id: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    view: str = Field(sa_type=Text)
    scanned_at: datetime
