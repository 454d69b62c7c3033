"""Which faults a run meets, and when: decided by a seed before it begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from suite.distributed.topology import APIS, GATEWAY, WORKERS

BROKER, DATABASE = "broker", "database"
PARTS = {
    "api": [process.name for process in APIS],
    "worker": [process.name for process in WORKERS],
    "gateway": [GATEWAY.name],
    BROKER: [BROKER],
    DATABASE: [DATABASE],
}
"""What can be struck, by kind. A worker holds relay and consumer of its service."""

_T = TypeVar("_T")
_OFTEN = (*PARTS, "api", "worker", "worker")


class Kind(StrEnum):
    """What happens."""

    KILL = "kill"  # SIGKILL; whoever started it starts it again
    PAUSE = "pause"  # SIGSTOP, later SIGCONT
    CUT = "cut"  # every connection to the server is reset
    REFUSE = "refuse"  # the same, and for a while nobody gets in
    DELAY = "delay"  # everything to and from the server comes late
    FULL = "full"  # the broker's disk is said to be full: it takes nothing


_TROUBLES = tuple(kind for kind in Kind if kind is not Kind.KILL)


@dataclass(frozen=True, slots=True)
class Fault:
    """`after` seconds after the one before it, `kind` happens to `part` and lasts for `seconds`."""

    after: float
    kind: Kind
    part: str
    seconds: float = 0.0

    def __str__(self) -> str:
        lasting = f" {self.seconds:.1f} s" if self.seconds else ""
        return f"+{self.after:.1f} {self.kind} {self.part}{lasting}"


def draw(chance: Random, *, kills: int, troubles: int, gap: float) -> list[Fault]:
    """So many kills and so many other faults in any order, on average `gap` seconds apart: shorter than most of them
    need to be over, so that they overlap."""
    whom, what = _drawn(chance, tuple(PARTS), _OFTEN), _drawn(chance, _TROUBLES, _TROUBLES)
    kinds = [Kind.KILL] * kills + [next(what) for _ in range(troubles)]
    chance.shuffle(kinds)
    return [_fault(chance, kind, next(whom) if kind in (Kind.KILL, Kind.PAUSE) else "", gap) for kind in kinds]


def _fault(chance: Random, kind: Kind, part: str, gap: float) -> Fault:
    after = chance.uniform(0.2, 2 * gap)
    match kind:
        case Kind.KILL:
            return Fault(after, kind, chance.choice(PARTS[part]))
        case Kind.PAUSE:
            return Fault(after, kind, chance.choice(PARTS[part]), chance.uniform(1, 5))
        case Kind.FULL:
            return Fault(after, kind, BROKER, chance.uniform(2, 12))
        case Kind.DELAY:
            return Fault(after, kind, chance.choice([BROKER, DATABASE]), chance.uniform(2, 5))
        case Kind.REFUSE:
            return Fault(after, kind, chance.choice([BROKER, DATABASE]), chance.uniform(1, 6))
        case Kind.CUT:
            return Fault(after, kind, chance.choice([BROKER, DATABASE]))


def _drawn(chance: Random, first: Sequence[_T], then: Sequence[_T]) -> Iterator[_T]:
    """Like cards: each of `first` once, after that from shuffled packs of `then`."""
    pack = list(first)
    while True:
        chance.shuffle(pack)
        yield from pack
        pack = list(then)
