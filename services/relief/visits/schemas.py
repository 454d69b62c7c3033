"""Visits on the wire. What was said there and where somebody was is L4."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from services.relief.visits import service
from services.relief.visits.rules import Point
from services.relief.visits.service import Answers, CheckIn
from shared.china.areas import AreaCode
from shared.db.unit import UnitOfWork
from shared.ids import UuidStr
from shared.security.masking import HealthText, PersonName, PersonNameIn
from shared.web import Wire
from shared.web.wire import LongText, ShortText

Kind = Literal["CONDOLENCE", "CARE", "PHONE"]
State = Literal["PLANNED", "ASSIGNED", "CHECKED_IN", "COUNTED", "REJECTED_QC", "MISSED", "CANCELLED"]
Met = Literal["SELF", "FAMILY", "NOBODY"]
Section = Literal["LIVING", "HEALTH", "INCOME", "HOUSING", "CHILDREN", "SAFETY"]
Need = Literal["FOOD", "MEDICAL", "CARE", "HOUSING", "SCHOOL", "WORK", "COMPANY", "OTHER"]


class VisitOut(Wire):
    """A visit that is planned or done. `faults`: why what was handed in does not count."""

    id: UuidStr
    household_id: str
    kind: Kind
    state: State
    person_id: str
    window_from: date
    due_on: date
    helper_id: str
    checked_in_at: datetime | None
    submitted_at: datetime | None
    met: Met | Literal[""]
    distance_m: int | None
    remote_reason: str
    answered: int
    needs: list[str]
    faults: list[str]
    done_at: datetime | None
    done_by: str
    remark: str
    version: int


class VisitRevealed(VisitOut):
    """The whole of it: what was said by section, and where."""

    answers: dict[str, HealthText]
    place: HealthText

    @classmethod
    def whole(cls, unit: UnitOfWork, visit: Any) -> VisitRevealed:
        place = service.place_of(unit, visit) if visit.place else None
        return cls.of_row(
            visit,
            answers=service.answers_of(unit, visit) if visit.answers else {},
            place=f"{place.latitude:.5f}, {place.longitude:.5f}" if place else "",
        )


class VisitDoneIn(Wire):
    """What it found."""

    remark: LongText


class AssignVisitIn(Wire):
    """Whose it is."""

    helper_id: ShortText


class PlaceIn(Wire):
    """A place, in degrees (CGCS2000)."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]

    def to_point(self) -> Point:
        """As the rules take it."""
        return Point(self.latitude, self.longitude)


class CheckInIn(Wire):
    """Where somebody stands, and since when by her device; or why she cannot be there."""

    at: AwareDatetime
    place: PlaceIn | None = None
    remote_reason: Annotated[str, Field(max_length=200)] = ""

    def to_check_in(self) -> CheckIn:
        """As the service takes it."""
        return CheckIn(self.at, self.place.to_point() if self.place else None, self.remote_reason)


class SubmitIn(Wire):
    """Whom she met, what was said and needed; with the check-in, where that was made off line."""

    met: Met
    answers: dict[Section, Annotated[str, Field(max_length=2000)]]
    needs: Annotated[list[Need], Field(max_length=8)] = []
    check_in: CheckInIn | None = None

    def to_answers(self) -> Answers:
        """As the service takes it."""
        return Answers(self.met, {str(name): words for name, words in self.answers.items()}, self.needs)


class PairIn(Wire):
    """A helper for a family."""

    household_id: UuidStr
    helper_id: ShortText
    helper_name: PersonNameIn


class PairOut(Wire):
    """A helper and a family."""

    id: UuidStr
    household_id: str
    helper_id: str
    helper_name: PersonName
    from_date: date
    to_date: date | None

    @classmethod
    def of(cls, unit: UnitOfWork, row: Any) -> PairOut:
        return cls.of_row(row, helper_name=service.helper_name_of(unit, row))


class HomeOut(Wire):
    """Whether it is known where a family lives."""

    household_id: UuidStr
    is_known: bool


class VisitRateOut(Wire):
    """K-02 and X-04: of the families in benefit that had a window due in the last twelve months, those whose every
    window was kept, in percent."""

    on: date
    families: int
    visited: int
    rate: Annotated[str | None, Field(description="百分比，两位小数；没有到期的探访时为空")]
    target: str = "100.00"


class HelpObjectOut(Wire):
    """A family of the list of whom to help."""

    household_id: UuidStr
    area_code: str
    level: Literal["GREEN", "YELLOW", "ORANGE", "RED"]
    category: str
    visit_due_on: date | None
    helpers: list[str]
    needs: list[str]


class ProjectIn(Wire):
    """A project that is offered."""

    area_code: AreaCode
    need: Need
    title: ShortText
    provider: ShortText
    from_date: date
    to_date: date | None = None


class ProjectOut(Wire):
    """A project of the list of what there is."""

    id: UuidStr
    area_code: str
    need: Need
    title: str
    provider: str
    from_date: date
    to_date: date | None
