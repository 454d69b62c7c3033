"""The engine once more, written to be obvious instead of fast: every month of every entitlement is looked at every
time, nothing is marked or remembered. It shares no code with the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

HORIZON = 60
COMMITTED = ("PENDING", "SENT", "UNKNOWN", "PAID")


@dataclass
class Line:
    month: int
    amount: int
    state: str
    batch: int
    db_id: int = 0


@dataclass
class Recovery:
    amount: int
    state: str
    db_id: str = ""


@dataclass
class Person:
    """One entitlement. Months are numbers from 0."""

    start: int
    stop: int
    amounts: list[tuple[int, int, str]] = field(default_factory=list)  # (from, amount, cause)
    ends: dict[str, int] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    recoveries: dict[int, list[Recovery]] = field(default_factory=dict)

    def strip(self, annulled: set[str]) -> list[int]:
        """What is due, month by month."""
        months = [0] * HORIZON
        live = [
            (begins, order, fen) for order, (begins, fen, cause) in enumerate(self.amounts) if cause not in annulled
        ]
        for begins, _, fen in sorted(live):
            for month in range(begins, HORIZON):
                months[month] = fen
        for month in range(HORIZON):
            if not self.start <= month <= self.stop:
                months[month] = 0
            for cause, end in self.ends.items():
                if cause not in annulled and month >= end:
                    months[month] = 0
        return months

    def of(self, month: int, *states: str) -> list[Line]:
        return [line for line in self.lines if line.month == month and line.state in states]

    def sum(self, month: int, *states: str) -> int:
        return sum(line.amount for line in self.of(month, *states))

    def open_recovery(self, month: int) -> Recovery | None:
        kept = [one for one in self.recoveries.get(month, []) if one.state in ("PROPOSED", "CONFIRMED")]
        assert len(kept) <= 1
        return kept[0] if kept else None


class Oracle:
    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.annulled: set[str] = set()

    def settle(self, key: str) -> None:
        person = self.people[key]
        strip = person.strip(self.annulled)
        for month in range(HORIZON):
            firm = person.sum(month, "SENT", "UNKNOWN", "PAID")
            still = max(0, strip[month] - firm)
            waiting = person.of(month, "PENDING")
            if sum(line.amount for line in waiting) > still:
                for line in waiting:
                    line.state = "CANCELLED"
                if still:
                    person.lines.append(Line(month, still, "PENDING", waiting[-1].batch))
            forgiven = sum(one.amount for one in person.recoveries.get(month, []) if one.state == "WRITTEN_OFF")
            excess = firm - strip[month] - forgiven
            known = person.open_recovery(month)
            if excess > 0 and known is None:
                person.recoveries.setdefault(month, []).append(Recovery(excess, "PROPOSED"))
            elif excess > 0 and known is not None:
                known.state = "PROPOSED" if excess > known.amount else known.state
                known.amount = excess
            elif known is not None:
                known.state = "CLOSED"

    def run(self, batch: int, month: int) -> None:
        for person in self.people.values():
            if any(cause not in self.annulled and begins <= month for cause, begins in person.holds.items()):
                continue
            strip = person.strip(self.annulled)
            for past in range(month + 1):
                lacking = strip[past] - person.sum(past, *COMMITTED)
                if lacking > 0 and past >= person.start:
                    person.lines.append(Line(past, lacking, "PENDING", batch))
                    for line in person.of(past, "RETURNED"):
                        line.state = "REISSUED"

    def check(self, batch: int) -> None:
        for key, person in self.people.items():
            if any(line.batch == batch for line in person.lines):
                self.settle(key)
            for line in person.lines:
                held = any(c not in self.annulled and b <= line.month for c, b in person.holds.items())
                if line.batch == batch and line.state == "PENDING" and held:
                    line.state = "EXCLUDED"

    def waiting(self, batch: int) -> list[Line]:
        return [
            line
            for person in self.people.values()
            for line in person.lines
            if line.batch == batch and line.state == "PENDING"
        ]
