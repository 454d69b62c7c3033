"""A seed decides which faults a run meets."""

from collections import Counter
from random import Random

import pytest

from tests.faults.schedule import PARTS, Kind, draw

pytestmark = pytest.mark.unit


def test_the_same_seed_draws_the_same_faults() -> None:
    first, again, other = (draw(Random(seed), kills=22, troubles=11, gap=2) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_of_part_is_killed_and_every_trouble_met(seed: int) -> None:
    faults = draw(Random(seed), kills=22, troubles=11, gap=2)
    kinds = Counter(fault.kind for fault in faults)
    assert kinds[Kind.KILL] == 22
    assert min(kinds[kind] for kind in Kind) >= 2
    killed = {fault.part for fault in faults if fault.kind is Kind.KILL}
    assert all(killed & set(names) for names in PARTS.values())
    assert all((fault.seconds > 0) is (fault.kind not in (Kind.KILL, Kind.CUT)) for fault in faults)
