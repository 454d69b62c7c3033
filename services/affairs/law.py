"""The dated parameters of affairs, read once from `policy/*.yaml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shared.policy import InForce, load

PARAMETERS = load(Path(__file__).parent / "policy")


def in_force(on: date, area_code: str) -> InForce:
    """What holds on a day in an area."""
    return PARAMETERS.at(on, area_code)
