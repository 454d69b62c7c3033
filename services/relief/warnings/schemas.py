"""Warnings on the wire. What concerns health is named HEALTH, and its detail hidden, unless it is asked for with a
reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from services.relief.warnings import service
from services.relief.warnings.rules import HEALTH
from services.relief.warnings.service import NewFact
from shared.db.unit import UnitOfWork
from shared.ids import PersonId, UuidStr
from shared.security.masking import Grade, HealthText, revealed
from shared.web import Wire
from shared.web.policy import ReasonOut
from shared.web.wire import LongText, ShortText

Level = Literal["GREEN", "YELLOW", "ORANGE", "RED"]
State = Literal["DISPATCHED", "ESCALATED", "VISITED", "DISPOSED", "CLOSED"]
Holder = Literal["TOWN_CLERK", "TOWN_LEADER", "DISTRICT_OFFICER"]
Disposal = Literal["RELIEF_APPLIED", "REFERRED", "ALREADY_COVERED", "NO_DIFFICULTY", "REFUSED_HELP"]
FactKind = Literal[
    "JOBLESS",
    "NEW_DISABILITY",
    "UNPAID_FEES",
    "MAIN_EARNER",
    "IMPRISONED",
    "DISASTER",
    "CHILD_ALONE",
    "HARDSHIP_CALL",
    "NO_FOOD",
    "NO_SHELTER",
    "LIFE_DANGER",
]


def named(kind: str) -> str:
    """A kind as this answer may name it."""
    return "HEALTH" if kind in HEALTH and revealed() < Grade.L4 else kind


class FactIn(Wire):
    """Something that happened to the family, or to a member of it."""

    kind: FactKind
    person_id: PersonId | None = None
    since: date
    until: date | None = None
    source: ShortText
    source_ref: Annotated[str, Field(max_length=100)] = ""
    detail: Annotated[str, Field(max_length=2000)] = ""

    def to_fact(self) -> NewFact:
        """As the service takes it."""
        return NewFact(
            self.kind, self.since, self.source, self.source_ref, self.person_id or "", self.until, self.detail
        )


class FactEndIn(Wire):
    """Its last day."""

    until: date


class FactOut(Wire):
    """A fact that is recorded."""

    id: UuidStr
    household_id: str
    person_id: str
    kind: str
    since: date
    until: date | None
    source: str
    source_ref: str
    detail: HealthText
    recorded_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, unit: UnitOfWork, fact: Any) -> FactOut:
        return cls.of_row(fact, kind=named(fact.kind), detail=service.detail_of(unit, fact))


class LevelOut(Wire):
    """Where a family stands."""

    household_id: str
    level: Level
    points: int
    kinds: list[str]
    since: date | None
    clear_since: Annotated[date | None, Field(description="红色：首次评估低于红色的日期")]


class WarningOut(Wire):
    """A warning as it stands."""

    id: UuidStr
    household_id: str
    area_code: str
    level: Level
    state: State
    holder: Holder
    round: int
    points: int
    kinds: list[str]
    found_on: date
    rule_version: int
    raised_at: datetime
    act_due_at: datetime
    dispose_due_at: datetime
    reminded_at: datetime | None
    visited_at: datetime | None
    has_offered_relief: bool | None
    disposed_at: datetime | None
    disposal: Disposal | Literal[""]
    department: str
    closed_at: datetime | None
    version: int

    @classmethod
    def of(cls, warning: Any) -> WarningOut:
        return cls.of_row(warning, kinds=sorted({named(kind) for kind in warning.kinds}))


class ChangeOut(Wire):
    """A step of a warning."""

    seq: int
    at: datetime
    by: str
    from_state: str
    to_state: str
    from_level: Level
    to_level: Level
    holder: str
    reason: str


class WhyWarningOut(Wire):
    """Every fact that raised a warning, with its points and its source; and the whole of what was written."""

    warning_id: UuidStr
    level: Level
    rule: str
    rule_version: int
    parameter_set: str
    decided_for: date
    reasons: list[ReasonOut]
    remark: HealthText


class WarningVisitIn(Wire):
    """Somebody was there. A RED family is offered urgent relief on the spot."""

    has_offered_relief: bool | None = None


class DisposalIn(Wire):
    """What came of it; `department` where it was referred to."""

    disposal: Disposal
    department: Annotated[str, Field(max_length=100)] = ""
    remark: LongText


class RunOut(Wire):
    """One evaluation of all families."""

    id: UuidStr
    day: date
    started_at: datetime
    ended_at: datetime | None
    ranges: int
    families: int
    changes: int
    calls: int
