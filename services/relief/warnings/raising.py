"""What follows from changed levels: warnings raised, raised further, lowered and closed; with their limits, their log
and their events. Many at once, a statement for each table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import col

from services.relief.law import in_force, parameters
from services.relief.warnings.evaluating import Moved
from services.relief.warnings.rules import GREEN, HEALTH, RULE_ID, RULE_VERSION
from services.relief.warnings.tables import FamilyWarning, WarningChange
from shared.china import working_days
from shared.contracts.relief import WarningClosed, WarningRaised
from shared.db.tables import table_of
from shared.db.unit import UnitOfWork
from shared.events.timers import TimerSet, set_timers
from shared.ids import uuid7
from shared.policy.service import keep_parameters

LIMIT = "relief.warning"
"""Timer: a limit of a warning, or seven tenths of it, has passed."""
REMIND, ACT, ACT_AGAIN, DISPOSE, DISPOSE_AGAIN = "remind", "act", "act_again", "dispose", "dispose_again"


@dataclass(frozen=True, slots=True)
class Limits:
    """The two limits of a level, counted from a moment."""

    remind_at: datetime
    act_due_at: datetime
    dispose_due_at: datetime


def limits(level: str, area_code: str, since: datetime, today: date) -> Limits:
    """How long there is to go there, and to say what came of it."""
    line = in_force(today, area_code).table("warnings.levels").row("level", level)
    assert line is not None
    act = working_days.deadline(since, int(line["act"]), working_days.Unit(str(line["act_unit"])))
    dispose = working_days.deadline(since, int(line["dispose"]), working_days.Unit.WORKDAY)
    return Limits(act.warn_at, act.at, dispose.at)


async def follow_up(unit: UnitOfWork, moved: Sequence[Moved], on: date, *, reason: str, corrects: bool = False) -> int:
    """Carry levels over into warnings; how many called for action. Runs under the system's rows."""
    if not moved:
        return 0
    book = _Book(unit, on, reason)
    for one in moved:
        if one.calls:
            book.raise_for(one)
        elif one.level == GREEN and (corrects or one.state == "DISPOSED"):
            book.close(one)
        else:
            book.lower(one)
    await book.write()
    return sum(one.calls for one in moved)


class _Book:
    """Rows to write, table by table."""

    def __init__(self, unit: UnitOfWork, on: date, reason: str) -> None:
        self.unit, self.on, self.reason = unit, on, reason
        self.new: list[dict[str, Any]] = []
        self.changed: dict[str, list[dict[str, Any]]] = {}
        self.steps: list[dict[str, Any]] = []
        self.timers: list[TimerSet] = []
        self._limits: dict[tuple[str, str], Limits] = {}

    def raise_for(self, one: Moved) -> None:
        """A new warning, or an open one that calls again; a limit that runs already is never put off."""
        limit = self._limit(one)
        row: dict[str, Any] = {
            "level": one.level,
            "points": one.points,
            "kinds": one.kinds,
            "facts": {"found": one.found},
            "rule": RULE_ID,
            "rule_version": RULE_VERSION,
            "parameter_set": parameters().digest,
            "found_on": self.on,
            "found_level": one.found_level,
            "round": one.round + 1,
            "act_due_at": limit.act_due_at,
            "dispose_due_at": limit.dispose_due_at,
        }
        warning_id, state, holder = one.warning_id or uuid7(), "DISPATCHED", "TOWN_CLERK"
        if one.warning_id is None:
            self.new.append(self._new(one, warning_id) | row)
        else:
            if one.act_due_at and one.dispose_due_at and one.state in ("DISPATCHED", "ESCALATED"):
                row["act_due_at"] = min(one.act_due_at, limit.act_due_at)
                row["dispose_due_at"] = min(one.dispose_due_at, limit.dispose_due_at)
                state, holder = one.state, one.holder
            row |= {"state": state, "holder": holder}
            self.changed.setdefault("raised", []).append({"id": warning_id} | row)
        self._step(one, warning_id, one.state or "RAISED", state, one.level, holder)
        payload = {"warning": warning_id, "round": row["round"]}
        remind_at = min(limit.remind_at, row["act_due_at"])
        for step, at in ((REMIND, remind_at), (DISPOSE, row["dispose_due_at"])):
            key = f"{warning_id}/{row['round']}/{step}"
            self.timers.append(TimerSet(LIMIT, key, at, {**payload, "step": step}))
        raised = WarningRaised(
            warn_id=warning_id,
            household_id=one.household_id,
            level=one.level,
            facts=sorted({"HEALTH" if kind in HEALTH else kind for kind in one.kinds}),
            round=row["round"],
        )
        self.unit.emit(raised, area_code=one.area_code)

    def lower(self, one: Moved) -> None:
        """The level fell (or, undealt with, is gone): the warning says so and stays until it is disposed of."""
        assert one.warning_id is not None
        self.changed.setdefault("lowered", []).append(
            {"id": one.warning_id, "level": one.level, "points": one.points, "kinds": one.kinds}
        )
        self._step(one, one.warning_id, one.state, one.state, one.level, one.holder)

    def close(self, one: Moved) -> None:
        """Its ground is gone."""
        assert one.warning_id is not None
        self.changed.setdefault("closed", []).append(
            {
                "id": one.warning_id,
                "level": one.level,
                "points": one.points,
                "kinds": one.kinds,
                "closed_at": self.unit.now,
            }
        )
        self._step(one, one.warning_id, one.state, "CLOSED", one.level, one.holder)
        self.unit.emit(
            WarningClosed(warn_id=one.warning_id, household_id=one.household_id, disposal=one.disposal),
            area_code=one.area_code,
        )

    async def write(self) -> None:
        """Everything."""
        if self.new or self.changed.get("raised"):
            await keep_parameters(self.unit, parameters())
        if self.new:
            await self.unit.enter(FamilyWarning, self.new)
        for name, rows in self.changed.items():
            await self.unit.connection.execute(_UPDATES[name], [_bound(row) for row in rows])
        await self.unit.enter(WarningChange, self.steps)
        await set_timers(self.unit, self.timers)

    def _limit(self, one: Moved) -> Limits:
        key = one.level, one.area_code
        if key not in self._limits:
            self._limits[key] = limits(one.level, one.area_code, self.unit.now, self.on)
        return self._limits[key]

    def _new(self, one: Moved, warning_id: str) -> dict[str, Any]:
        return {
            "id": warning_id,
            "household_id": one.household_id,
            "area_code": one.area_code,
            "state": "DISPATCHED",
            "holder": "TOWN_CLERK",
            "raised_at": self.unit.now,
            "visited_by": "",
            "disposed_by": "",
            "disposal": "",
            "department": "",
            "version": 1,
        }

    def _step(self, one: Moved, warning_id: str, before: str, after: str, level: str, holder: str) -> None:
        self.steps.append(
            {
                "warning_id": warning_id,
                "area_code": one.area_code,
                "at": self.unit.now,
                "by": self.unit.principal.account_id,
                "from_state": before,
                "to_state": after,
                "from_level": one.warned_level or GREEN,
                "to_level": level,
                "holder": holder,
                "reason": self.reason,
            }
        )


def _bound(row: dict[str, Any]) -> dict[str, Any]:
    return {"warning_id" if name == "id" else f"new_{name}": value for name, value in row.items()}


def _update(*names: str, **also: Any) -> Any:
    values = {name: bindparam(f"new_{name}") for name in names} | also
    values["version"] = col(FamilyWarning.version) + 1
    return update(table_of(FamilyWarning)).where(col(FamilyWarning.id) == bindparam("warning_id")).values(values)


_LOWERED = ("level", "points", "kinds")
_RAISED = (
    *_LOWERED,
    *("facts", "rule", "rule_version", "parameter_set", "found_on", "found_level", "round"),
    *("act_due_at", "dispose_due_at", "state", "holder"),
)
_CALLED_AGAIN: dict[str, Any] = {
    "reminded_at": None,
    "visited_at": None,
    "visited_by": "",
    "has_offered_relief": None,
    "disposed_at": None,
    "disposed_by": "",
    "disposal": "",
    "department": "",
}
_UPDATES = {
    "raised": _update(*_RAISED, **_CALLED_AGAIN),
    "lowered": _update(*_LOWERED),
    "closed": _update(*_LOWERED, "closed_at", state="CLOSED"),
}
