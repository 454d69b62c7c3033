"""What medical assistance takes over of a year's cost (X-03)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from shared.db.unit import UnitOfWork

_SHARE = text("""
    select count(*) as bills, count(distinct person_id) as persons,
        cast(coalesce(sum(total_fen - out_of_scope_fen - basic_fen - serious_fen), 0) as bigint) as self_paid,
        cast(coalesce(sum(assistance_fen), 0) as bigint) as assistance,
        cast(coalesce(sum(supplementary_fen), 0) as bigint) as supplementary
    from medical_bill
    where settled_on >= :first and settled_on <= :last and cancelled_at is null and person_class <> 'GENERAL'
""")


@dataclass(frozen=True, slots=True)
class YearShare:
    """Compliant cost that recipients would have paid themselves after both insurances, in fen, and what medical
    assistance and the supplementary insurance took over of it (X-03)."""

    persons: int
    self_paid_fen: int
    assistance_fen: int
    supplementary_fen: int

    @property
    def share(self) -> float | None:
        """What assistance took over, 0 to 1; None where there was nothing."""
        return self.assistance_fen / self.self_paid_fen if self.self_paid_fen else None


async def share_of_year(unit: UnitOfWork, year: int) -> YearShare:
    """Of the caller's rows."""
    row = (await unit.execute(_SHARE, {"first": date(year, 1, 1), "last": date(year, 12, 31)})).one()
    return YearShare(row.persons, row.self_paid, row.assistance, row.supplementary)
