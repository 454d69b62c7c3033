"""A second opinion on what a family is due, in fractions and words of the law, knowing nothing of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

STANDARDS = [
    (date(2016, 1, 1), 664),
    (date(2020, 1, 1), 810),
    (date(2021, 7, 1), 872),
    (date(2022, 7, 1), 938),
    (date(2023, 7, 1), 1009),
    (date(2024, 7, 1), 1085),
    (date(2025, 12, 31), 1167),
]
WAGES = [(date(2015, 11, 1), 1660), (date(2017, 12, 1), 1800), (date(2021, 8, 1), 2070)]
PERCENT = {"SEVERE_DISABILITY": 20, "CRITICAL_ILLNESS": 20, "SINGLE_PARENT_CHILD": 10}


@dataclass
class Person:
    """A member: from and to a day, dead since a day (the first of her case's deaths), with dated conditions."""

    since: date
    birth: date
    until: date | None = None
    deaths: list[date] = field(default_factory=list)
    conditions: list[tuple[str, date, date | None]] = field(default_factory=list)

    def belongs(self, month: date) -> bool:
        """On the first of the month in the family, and not dead since an earlier month."""
        if month < self.since or (self.until and month > self.until):
            return False
        return not any((death.year, death.month) < (month.year, month.month) for death in self.deaths)

    def held(self, month: date) -> set[str]:
        """Her conditions in a month."""
        return {kind for kind, first, last in self.conditions if first <= month and (not last or month <= last)}

    def supplement(self, month: date) -> int:
        """Percent of the standard: the best of all grounds."""
        age = month.year - self.birth.year - ((self.birth.month, self.birth.day) > (month.month, month.day))
        percents = [10 if age >= 70 or age < 18 else 0]
        percents += [
            PERCENT.get(kind, 0)
            for kind, first, last in self.conditions
            if first <= month and (not last or month <= last)
        ]
        return max(percents)

    def care(self, month: date) -> int:
        """Percent of the minimum wage."""
        held = self.held(month)
        return 50 if "CARE_FULLY" in held else 20 if "CARE_PARTLY" in held else 0


@dataclass
class Home:
    """A family with its incomes (month, fen) in the order of recording."""

    kind: str
    people: list[Person]
    incomes: list[tuple[date, int]]
    closed_from: date | None = None
    standards: list[tuple[date, int]] = field(default_factory=lambda: list(STANDARDS))

    def due(self, month: date) -> int:
        """Fen due in a month."""
        if self.closed_from and month >= self.closed_from:
            return 0
        here = [person for person in self.people if person.belongs(month)]
        standard = _latest(self.standards, month)
        if self.kind == "TEKUN":
            wage = _latest(WAGES, month)
            basic = _up(Fraction(standard * 13, 10))
            return sum(100 * (basic + _up(Fraction(wage * person.care(month), 100))) for person in here)
        records = [(start, number, fen) for number, (start, fen) in enumerate(self.incomes) if start <= month]
        if not here or not records:
            return 0
        start, _, fen = max(records)
        per_head = Fraction(fen, 100) / max(1, sum(person.belongs(start) for person in self.people))
        if per_head >= standard:
            return 0
        total = sum((standard - per_head) + Fraction(standard * person.supplement(month), 100) for person in here)
        return 100 * _up(Fraction(total))


def _latest(dated: list[tuple[date, int]], month: date) -> int:
    return max((start, value) for start, value in dated if start <= month)[1]


def _up(yuan: Fraction) -> int:
    return -((-yuan.numerator) // yuan.denominator)
