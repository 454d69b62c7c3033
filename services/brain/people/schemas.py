"""What goes over the wire about people."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.brain.people.codes import LifeStatus, MaritalStatus, Registration
from shared.china.areas import AreaCode
from shared.ids import PersonId
from shared.security.masking import BirthDate, BirthDateIn, IdNumber, IdNumberIn, PersonName, PersonNameIn
from shared.web import Wire
from shared.web.wire import ShortText

SexCode = Annotated[Literal[0, 1, 2, 9], Field(description="GB/T 2261.1：0 未知，1 男，2 女，9 未说明")]


class PersonBrief(Wire):
    """A line of the list."""

    person_id: str
    name: PersonName
    sex: int
    birth: BirthDate
    area_code: str
    registration: Registration
    life_status: LifeStatus
    version: int


class PersonFile(PersonBrief):
    """The whole file."""

    id_number: IdNumber | None
    marital_status: MaritalStatus
    death_date: date | None
    merged_into: str | None
    aliases: list[str]


class RegisterIn(Wire):
    """With an ID number, birth and sex are read from it; without one they are required."""

    name: PersonNameIn
    area_code: AreaCode
    id_number: IdNumberIn | None = None
    birth: BirthDateIn | None = None
    sex: SexCode | None = None
    registration: Registration = Registration.REGISTERED
    marital_status: MaritalStatus = MaritalStatus.NOT_STATED


class LookUpIn(Wire):
    id_number: IdNumberIn


class CorrectIn(Wire):
    """What changes, and why."""

    name: PersonNameIn | None = None
    sex: SexCode | None = None
    registration: Registration | None = None
    marital_status: MaritalStatus | None = None
    reason: ShortText


class NumberIn(Wire):
    id_number: IdNumberIn
    reason: ShortText


class MoveIn(Wire):
    to_area: AreaCode
    on_date: date


class MergeIn(Wire):
    """The file that is closed in favour of this one, and why they are one person."""

    drop_id: PersonId
    reason: ShortText


class RecordsIn(Wire):
    """Records of other services that stand under the wrong person."""

    to_id: PersonId
    record_ids: Annotated[list[ShortText], Field(min_length=1, max_length=100)]
    reason: ShortText


class CorrectionOut(Wire):
    correction_id: str
