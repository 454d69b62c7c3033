"""The states of a bed, its code, and the figures K-05 and K-07."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from shared.db.problems import Conflict


class BedTaken(Conflict):
    code = "bed_taken"
    detail = "该床位已被占用"


class BedInWrongState(Conflict):
    code = "bed_state"
    detail = "床位当前状态不允许此操作"


BY_HAND: Mapping[tuple[str, str], str] = {
    ("repair", "VACANT"): "MAINTENANCE",
    ("reopen", "MAINTENANCE"): "VACANT",
    ("retire", "VACANT"): "RETIRED",
    ("retire", "MAINTENANCE"): "RETIRED",
}
"""What people do to a bed; stays do the rest (state machine 15)."""

NURSING = ("NURSING", "DEMENTIA")
"""Dementia beds are nursing beds too (domain §3.2)."""

_NUMBER = re.compile("[0-9A-Z]{1,8}")
CODE = re.compile("PTB-[0-9A-Z]{8}-[0-9A-Z]{1,8}-[A-Z2-7]{10}")
"""A bed code: eight characters of the institution's organisation code, bed number, signature."""


def is_bed_number(text: str) -> bool:
    """One to eight capital letters and digits: it stands in the code."""
    return _NUMBER.fullmatch(text) is not None


def code_body(uscc: str, bed_no: str) -> str:
    """What the signature covers."""
    return f"PTB-{uscc[8:16]}-{bed_no}"


def stepped(status: str, action: str) -> str:
    """The status after an action by hand; BedInWrongState when it is not allowed now."""
    try:
        return BY_HAND[action, status]
    except KeyError:
        raise BedInWrongState from None


@dataclass(frozen=True, slots=True)
class Figures:
    """Beds of operating institutions, family beds left out, retired ones too."""

    beds: int
    nursing: int
    dementia: int
    occupied: int
    reserved: int
    vacant: int
    maintenance: int
    family: int

    @property
    def nursing_share(self) -> Decimal | None:
        """K-05, percent with two places; None without beds."""
        return _share(100 * self.nursing, self.beds)

    @property
    def occupancy(self) -> Decimal | None:
        """Percent of beds that are occupied."""
        return _share(100 * self.occupied, self.beds)

    def dementia_per_ten_thousand(self, elders: int) -> Decimal | None:
        """K-07 for so many people of 60 and over; None without any."""
        return _share(10_000 * self.dementia, elders)


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP) if whole else None
