"""The dated parameters of relief, read once from `policy/*.yaml`, and the book its rules are entered in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from shared.policy import InForce, ParameterSet, RuleBook, load

BOOK = RuleBook("relief")
PARAMETERS = load(Path(__file__).parent / "policy")


def parameters() -> ParameterSet:
    """What holds now; asked anew each time, so that tests can raise a standard."""
    return PARAMETERS


def in_force(on: date, area_code: str) -> InForce:
    """What holds on a day in an area."""
    return parameters().at(on, area_code)
