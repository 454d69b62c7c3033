"""What colour a family has, worked out from its raw history, day by day and member by member. Knows neither the rules
nor the SQL; the numbers are those of the brief (domain §2.10)."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

NIGHT = timedelta(days=1)
POINTS = {
    "JOBLESS": 25, "NEW_DISABILITY": 25, "EARNER_LOST": 40, "DISASTER": 40, "UNPAID_FEES": 10, "BENEFIT_STOPPED": 15,
    "ELDER_ALONE": 15, "CHILD_ALONE": 40, "MISSED_VISITS": 15, "HARDSHIP_CALL": 40,
}  # fmt: skip
DANGERS = ("NO_FOOD", "NO_SHELTER", "LIFE_DANGER")


def month_later(day: date, months: int) -> date:
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    while True:
        try:
            return date(year, month, day.day)
        except ValueError:
            day -= NIGHT  # the month is shorter


def years_old(birth: date, on: date) -> int:
    years = on.year - birth.year
    had = (birth.month, birth.day) <= (on.month, on.day)
    return years if had else years - 1


@dataclass
class Told:
    """A recorded fact."""

    kind: str
    since: date
    until: date | None = None
    is_withdrawn: bool = False

    def stands(self, on: date) -> bool:
        return not self.is_withdrawn and self.since <= on and (self.until is None or on <= self.until)


@dataclass
class Someone:
    """A member: from, to, birth, labour, when she died, facts about her, and what she paid when."""

    birth: date
    since: date
    until: date | None = None
    labour: str = "FULL"
    died: date | None = None
    told: list[Told] = field(default_factory=list)
    paid: list[tuple[date, int, bool]] = field(default_factory=list)
    """(day, fen, cancelled)"""

    def is_enrolled(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)

    def lives_here(self, on: date) -> bool:
        return self.is_enrolled(on) and not (self.died is not None and self.died <= on)

    def standing(self, kind: str, on: date) -> list[Told]:
        return [one for one in self.told if one.kind == kind and one.stands(on)]


@dataclass
class Household:
    """A family's whole history."""

    people: list[Someone]
    told: list[Told] = field(default_factory=list)
    cases: list[date | None] = field(default_factory=list)
    """first month without benefit, of each case"""
    missed: list[date] = field(default_factory=list)

    def finds(self, on: date) -> dict[str, dict[str, Any]]:
        """Each kind that is found, with its day, fen and count."""
        here = [one for one in self.people if one.lives_here(on)]
        if not here:
            return {}
        found: dict[str, dict[str, Any]] = {}

        def note(kind: str, since: date | None = None, fen: int | None = None, count: int | None = None) -> None:
            found[kind] = {"kind": kind, "since": since, "fen": fen, "count": count}

        for one in self._of_members(here, on):
            note(*one)
        if losses := [day for one in self.people for day in self._losses(one, on)]:
            note("EARNER_LOST", max(losses))
        for kind in ("DISASTER", "HARDSHIP_CALL", *DANGERS, "CHILD_ALONE"):
            if days := [told.since for told in self.told if told.kind == kind and told.stands(on)]:
                note(kind, max(days))
        if all(years_old(one.birth, on) < 18 for one in here):
            note("CHILD_ALONE")
        if len(here) == 1 and years_old(here[0].birth, on) >= 80:
            note("ELDER_ALONE", count=years_old(here[0].birth, on))
        if self.cases and all(day is not None and day <= on for day in self.cases):
            note("BENEFIT_STOPPED", max(day for day in self.cases if day))
        if recent := [day for day in self.missed if month_later(on, -12) < day <= on]:
            note("MISSED_VISITS", count=len(recent))
        return found

    @staticmethod
    def _of_members(here: list[Someone], on: date) -> Iterator[tuple[str, date | None, int | None]]:
        burdens = []
        for one in here:
            bills = [fen for day, fen, cancelled in one.paid if not cancelled and month_later(on, -12) < day <= on]
            burdens += [sum(bills)] if bills else []
        if burdens:
            yield "BURDEN", None, max(burdens)
        workers = [one for one in here if one.labour != "NONE" and 16 <= years_old(one.birth, on) < 60]
        idle = [one.standing("JOBLESS", on) for one in workers]
        if workers and all(idle):
            yield "JOBLESS", max(min(told.since for told in each) for each in idle), None
        for kind in ("NEW_DISABILITY", "UNPAID_FEES"):
            days = [told.since for one in here for told in one.standing(kind, on)]
            if days:
                yield kind, max(days), None

    @staticmethod
    def _losses(one: Someone, on: date) -> list[date]:
        days = [told.since for told in one.told if told.kind == "IMPRISONED" and told.stands(on)]
        if one.died is not None and one.died <= on:
            days.append(one.died)
        return [day for day in days if one.is_enrolled(day) and one.standing("MAIN_EARNER", day)]

    def counts(self, on: date) -> dict[str, int]:
        """Points by kind; a danger counts 1,000."""
        points: dict[str, int] = {}
        for kind, what in self.finds(on).items():
            since = what["since"]
            if kind == "BURDEN":
                points[kind] = 40 if what["fen"] >= 50_000_00 else 20 if what["fen"] >= 20_000_00 else 0
            elif kind == "JOBLESS":
                points[kind] = 25 if month_later(since, 3) <= on else 0
            elif kind in ("NEW_DISABILITY", "EARNER_LOST", "DISASTER"):
                points[kind] = POINTS[kind] if on < month_later(since, 12) else 0
            elif kind == "BENEFIT_STOPPED":
                points[kind] = 15 if on < month_later(since, 6) else 0
            elif kind == "HARDSHIP_CALL":
                points[kind] = 40 if on < month_later(since, 3) else 0
            elif kind == "MISSED_VISITS":
                points[kind] = 15 if what["count"] >= 2 else 0
            else:
                points[kind] = 1000 if kind in DANGERS else POINTS[kind]
        return {kind: value for kind, value in points.items() if value}

    def found_level(self, on: date) -> str:
        total = sum(self.counts(on).values())
        return "RED" if total >= 70 else "ORANGE" if total >= 40 else "YELLOW" if total >= 20 else "GREEN"

    def levels(self, days: list[date]) -> list[tuple[str, int, list[str], date | None]]:
        """Level, points, kinds and first clear day after each of these evaluations, in order."""
        level, clear, told = "GREEN", None, []
        for day in days:
            found, counts = self.found_level(day), self.counts(day)
            if level == "RED" and found != "RED":
                clear = clear or day
                if (day - clear).days >= 14:
                    level, clear = found, None
            else:
                level, clear = found, None
            points = sum(value for value in counts.values() if value < 1000)
            told.append((level, points, sorted(counts), clear))
        return told


def last_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
