"""The dated parameters of relief, read once from `policy/*.yaml`, and the book its rules are entered in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from shared.china import areas
from shared.policy import InForce, ParameterSet, RuleBook, load

BOOK = RuleBook("relief")
PARAMETERS = load(Path(__file__).parent / "policy")


def parameters() -> ParameterSet:
    """What holds now; asked anew each time, so that tests can raise a standard."""
    return PARAMETERS


def in_force(on: date, area_code: str) -> InForce:
    """What holds on a day in an area."""
    return parameters().at(on, area_code)


def over_areas(scheme: str, on: date) -> Iterator[tuple[InForce, dict[str, Any]]]:
    """What holds on a day in each area with values of its own in a scheme, for statements over many rows: the area's
    range as `lo` and `hi`, less the ranges `sub_lo`, `sub_hi` within it; `is_whole` where there are none."""
    current = parameters()
    mine = [parameter for parameter in current if parameter.key.startswith(f"{scheme}.")]
    own = sorted({value.area for parameter in mine for value in parameter.values} | {""})
    for area in own:
        lo, hi = areas.range_of(area) if area else ("", ":")
        within = [areas.range_of(other) for other in own if other != area and other.startswith(area)]
        span = {"lo": lo, "hi": hi, "sub_lo": [one[0] for one in within], "sub_hi": [one[1] for one in within]}
        yield current.at(on, area), {**span, "is_whole": not within}
